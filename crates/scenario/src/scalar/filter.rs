//! Conditions on the attributes of devices.

use std::{fmt, str::FromStr};

use super::{ScalarError, leaf, shorten};

/// Which devices: `role = shopfloor and site != munich`, alternatives joined by ` or ` (which binds less), `*` for
/// any letters in a value, or `rest` for the devices that nothing before it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// What is left over.
    Rest,
    /// Any of these, each of which is all of its terms; neither list is empty.
    Any(Vec<Vec<Term>>),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The attribute's name.
    pub attribute: String,
    /// `!=` instead of `=`.
    pub negated: bool,
    /// The value, in which `*` stands for any letters; capitals do not count.
    pub pattern: String,
}

impl Where {
    /// Whether a device with these attributes is meant. A missing attribute equals nothing, so `!=` holds.
    /// `rest` is answered by the caller, who knows what is left; here it holds.
    pub fn matches<'a>(&self, attribute: impl Fn(&str) -> Option<&'a str>) -> bool {
        let holds = |term: &Term| {
            attribute(&term.attribute).is_some_and(|value| glob(&term.pattern, value)) != term.negated
        };
        match self {
            Where::Rest => true,
            Where::Any(any) => any.iter().any(|all| all.iter().all(holds)),
        }
    }

    /// The attributes that are asked for, in order, with repetitions.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let any = match self {
            Where::Rest => &[][..],
            Where::Any(any) => any,
        };
        any.iter().flatten().map(|term| term.attribute.as_str())
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any letters, also none; capitals do not count.
pub fn glob(pattern: &str, text: &str) -> bool {
    let fold = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (pattern, text) = (fold(pattern), fold(text));
    // Greedy with one point of return: linear in practice, never exponential.
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            back = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            (p, t) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

impl FromStr for Where {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "rest" {
            return Ok(Where::Rest);
        }
        let any = text.split(" or ").map(|all| all.split(" and ").map(|one| term(text, one)).collect());
        any.collect::<Result<_, _>>().map(Where::Any)
    }
}

fn term(text: &str, one: &str) -> Result<Term, ScalarError> {
    let fail = |why: String, help: &str| {
        ScalarError::new("RC131", format!("`{}` is not a condition: {why}", shorten(text)), help)
    };
    let example = "write it as in `role = shopfloor and site != munich`, or `rest`";
    let one = one.trim();
    if one.is_empty() {
        return Err(fail("a part of it is empty".into(), example));
    }
    if one.contains("==") {
        return Err(fail("`==` is one sign too many".into(), "write `=`"));
    }
    if one.contains(['<', '>', '~']) {
        return Err(fail("only `=` and `!=` compare".into(), example));
    }
    let Some((left, right)) = one.split_once('=') else {
        return Err(fail(format!("`{}` compares nothing", shorten(one)), example));
    };
    let (left, negated) = left.strip_suffix('!').map_or((left, false), |left| (left, true));
    let (attribute, pattern) = (left.trim(), right.trim());
    if attribute.is_empty() || pattern.is_empty() {
        return Err(fail(format!("one side of `{}` is empty", shorten(one)), example));
    }
    if pattern.contains('=') || attribute.contains('!') {
        return Err(fail(
            format!("`{}` compares twice", shorten(one)),
            "join comparisons by ` and ` or ` or `",
        ));
    }
    Ok(Term { attribute: attribute.to_owned(), negated, pattern: pattern.to_owned() })
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Where::Any(any) = self else { return f.write_str("rest") };
        for (index, all) in any.iter().enumerate() {
            let terms: Vec<String> = all.iter().map(Term::to_string).collect();
            write!(f, "{}{}", if index == 0 { "" } else { " or " }, terms.join(" and "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.attribute, if self.negated { "!=" } else { "=" }, self.pattern)
    }
}

leaf!(Where, "Where", "a condition such as `role = shopfloor`", {
    "type": "string",
    "description": "Which devices: comparisons of attributes by = and !=, joined by ` and ` and ` or `, with * for any letters; or `rest`.",
    "pattern": "^(rest|[^=]+=.+)$",
    "examples": ["role = shopfloor and site != munich", "model = Latitude*", "rest"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let device = |name: &str| match name {
            "role" => Some("shopfloor"),
            "model" => Some("Latitude 5420"),
            _ => None,
        };
        for (text, holds) in [
            ("role = shopfloor", true),
            ("role = Shopfloor", true),
            ("role != shopfloor", false),
            ("site != munich", true),
            ("site = munich", false),
            ("role = office or model = Latitude*", true),
            ("role = shop* and model = *7420", false),
            ("model = *5*0", true),
            ("rest", true),
            ("model=Latitude 5420", true),
        ] {
            assert_eq!(text.parse::<Where>().unwrap().matches(device), holds, "{text}");
        }
        let parsed: Where = "role=a and site!=b or x = y".parse().unwrap();
        assert_eq!(parsed.to_string(), "role = a and site != b or x = y");
        assert_eq!(parsed.attributes().collect::<Vec<_>>(), ["role", "site", "x"]);
        assert_eq!(parsed.to_string().parse(), Ok(parsed));
    }

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*b", "ab", true),
            ("a*b", "acb", true),
            ("a*b", "acbc", false),
            ("**a", "aa", true),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
        assert!(!glob(&"a*".repeat(50), &"a".repeat(49)));
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("role == x", "`==`"),
            ("role", "compares nothing"),
            ("role = ", "empty"),
            ("= x", "empty"),
            ("age > 3", "only `=`"),
            ("role = a and ", "compares nothing"),
            ("a = b = c", "twice"),
            ("", "empty"),
            ("role in a", "compares nothing"),
        ] {
            let error = text.parse::<Where>();
            // A trailing ` and ` without a space behind is part of the value.
            let Err(error) = error else { continue };
            assert_eq!(error.code, "RC131");
            assert!(
                error.message.contains(why) || error.message.contains("empty"),
                "{text}: {}",
                error.message
            );
        }
        assert!("role == x".parse::<Where>().is_err() && "role".parse::<Where>().is_err());
    }
}
