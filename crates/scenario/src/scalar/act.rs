//! What is decided, as one line: `pause later rings for 10 h`, `uninstall KB5058379 from all rings`.
//!
//! Names may hold spaces and the grammar's own words, so a text is taken apart only where the names are known; here
//! its verb is read, and [`Act::forms`] gives every way in which the rest can be meant.

use std::{fmt, str::FromStr};

use super::{Duration, ScalarError, leaf, lists::Listed, shorten};
use crate::suggest;

/// A verb with what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// What is done.
    pub verb: Verb,
    /// To what, as it was written.
    pub object: String,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Rings take no new offers.
    Pause,
    /// A pause ends.
    Resume,
    /// A release is removed where it runs.
    Uninstall,
    /// A change inside a release is switched off.
    SwitchOff,
    /// A release is offered to nobody any more.
    Withdraw,
}

const VERBS: [(Verb, &str); 5] = [
    (Verb::Pause, "pause"),
    (Verb::Resume, "resume"),
    (Verb::Uninstall, "uninstall"),
    (Verb::SwitchOff, "switch off"),
    (Verb::Withdraw, "withdraw"),
];

/// How acts are written, for help lines.
pub const FORMS: &str = "write `pause all rings`, `pause later rings for 10 h`, `resume Ring2 and later`, `uninstall KB1 from all rings`, `switch off DEFECT` or `withdraw`";

/// One way in which the object of an act can be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form<'a> {
    /// The release before ` from `; empty if none stands there.
    pub release: &'a str,
    /// The rings.
    pub rings: &'a str,
    /// For how long.
    pub lasts: Option<Duration>,
}

impl Act {
    /// Every way in which a pause, a resume or an uninstall can be meant, the one with the longest names first.
    pub fn forms(&self) -> Vec<Form<'_>> {
        let whole = self.object.as_str();
        let mut timed = vec![(whole, None)];
        // The last ` for ` alone can begin a length of time.
        if self.verb != Verb::Resume
            && let Some((before, time)) = whole.rsplit_once(" for ")
            && let Ok(lasts) = time.parse()
        {
            timed.push((before.trim_end(), Some(lasts)));
        }
        let mut forms = Vec::new();
        for (rest, lasts) in timed {
            if self.verb != Verb::Uninstall {
                forms.push(Form { release: "", rings: rest, lasts });
                continue;
            }
            if let Some(rings) = rest.strip_prefix("from ") {
                forms.push(Form { release: "", rings: rings.trim(), lasts });
            }
            for (at, from) in rest.match_indices(" from ") {
                let (release, rings) = (rest[..at].trim(), rest[at + from.len()..].trim());
                forms.push(Form { release, rings, lasts });
            }
        }
        forms
    }

    /// What stands before the last ` for `, and why what stands behind it is no length of time.
    pub fn bad_length(&self) -> Option<(Act, ScalarError)> {
        let (before, time) = self.object.rsplit_once(" for ")?;
        let problem = time.trim().parse::<Duration>().err()?;
        Some((Act { verb: self.verb, object: before.trim_end().to_owned() }, problem))
    }
}

impl FromStr for Act {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        let fail = |why: &str, help: &str| {
            ScalarError::new("RC132", format!("`{}` is no act: {why}", shorten(text)), help)
        };
        for (verb, word) in VERBS {
            let Some(object) = trimmed.strip_prefix(word) else { continue };
            if !object.is_empty() && !object.starts_with(' ') {
                continue;
            }
            let object = object.trim().to_owned();
            if object.is_empty() && verb != Verb::Withdraw {
                return Err(fail("it does not say what", FORMS));
            }
            return Ok(Act { verb, object });
        }
        let first = trimmed.split(' ').next().unwrap_or("");
        let words: Vec<&str> = VERBS.iter().map(|(_, word)| *word).collect();
        match suggest::did_you_mean(first, words.iter().copied()) {
            Some(near) => Err(fail("it begins with no verb", &format!("did you mean `{near}`? {FORMS}"))),
            None => Err(fail("it begins with no verb", FORMS)),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, word) = VERBS.iter().find(|(verb, _)| *verb == self.verb).unwrap_or(&VERBS[0]);
        if self.object.is_empty() { f.write_str(word) } else { write!(f, "{word} {}", self.object) }
    }
}

impl Listed for Act {
    const FORMS: &'static str = FORMS;
}

leaf!(Act, "Act", "an act such as `pause later rings`", {
    "type": "string",
    "description": "What is decided: pause, resume, uninstall, switch off or withdraw, and what.",
    "pattern": "^(pause .+|resume .+|uninstall .+|switch off .+|withdraw( .+)?)$",
    "examples": ["pause all rings", "pause later rings for 10 h", "resume Ring2 and later", "uninstall KB5058379 from all rings for 7 d", "uninstall from Ring1", "switch off tearing video", "withdraw"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_read_a_text_is_offered() {
        let act: Act = "uninstall fix from May from Ring 2 for 7 d".parse().expect("an act");
        let forms = act.forms();
        let has = |release: &str, rings: &str, lasts: Option<i64>| {
            forms.contains(&Form { release, rings, lasts: lasts.map(Duration::from_seconds) })
        };
        assert!(has("fix from May", "Ring 2", Some(7 * 86_400)));
        assert!(
            has("fix", "May from Ring 2", Some(7 * 86_400)) && has("fix from May", "Ring 2 for 7 d", None)
        );
        let pause: Act = "pause waiting for 2 h".parse().expect("an act");
        assert_eq!(pause.forms().len(), 2);
        assert_eq!("resume a for 2 h".parse::<Act>().expect("an act").forms().len(), 1);
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("stop everything", "verb"),
            ("pausing all rings", "verb"),
            ("pause", "what"),
            ("switch off", "what"),
            ("pose all rings", "`pause`"),
            ("", "verb"),
        ] {
            let error = text.parse::<Act>().expect_err("no act");
            let all = format!("{} {}", error.message, error.help.unwrap_or_default());
            assert!(error.code == "RC132" && all.contains(why), "{text}: {all}");
        }
    }
}
