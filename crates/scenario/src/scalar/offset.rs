//! Offsets of one axis from another: `rings.Fast.deferral + 1 d to 5 d`.

use std::{fmt, str::FromStr};

use super::{ScalarError, Stretch, leaf, shorten};
use crate::path;

/// What another axis has, and a range on top of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offset {
    /// The path of the other axis.
    pub of: Vec<String>,
    /// What is added.
    pub by: Stretch,
}

/// What stands between the two. Names may hold a plus, so it stands between blanks.
const SIGN: &str = " + ";

impl Offset {
    /// True if a text is meant as one.
    pub fn is_meant(text: &str) -> bool {
        text.contains(SIGN)
    }
}

impl FromStr for Offset {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: String| {
            let help = "write the path of another axis, a plus and a range, as in `rings.Fast.deferral + 1 d to 5 d`";
            ScalarError::new("RC140", format!("`{}` is no offset of an axis: {why}", shorten(text)), help)
        };
        let (of, by) = text.rsplit_once(SIGN).ok_or_else(|| fail("it adds nothing".into()))?;
        let of = path::split(of).map_err(|problem| fail(problem.message))?;
        Ok(Offset { of, by: by.parse()? })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SIGN}{}", path::join(&self.of), self.by)
    }
}

leaf!(Offset, "Offset", "an offset such as `rings.Fast.deferral + 1 d to 5 d`", {
    "type": "string",
    "description": "What another axis has, and a range on top of it.",
    "pattern": r"^.+ \+ .+ to .+$",
    "examples": ["rings.Fast.deferral + 1 d to 5 d", "rings.Fast.deferral + 1 d to 5 d step 2 d"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_read_back() {
        for text in [
            "rings.Fast.deferral + 1 d to 5 d",
            "rings.Fast.deferral + 1 d to 5 d step 2 d",
            "rings.A + B.size + 3 log values from 10 to 40",
            "rings.\"a.b\".size + 1% to 2%",
        ] {
            assert!(Offset::is_meant(text));
            assert_eq!(text.parse::<Offset>().map(|offset| offset.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn slips_are_refused() {
        for text in
            ["rings.Fast.deferral + 1 d", " + 1 d to 2 d", "a..b + 1 d to 2 d", "a + 2 d to 1 d", "a +"]
        {
            let error = text.parse::<Offset>().unwrap_err();
            assert!(error.to_string().contains('`'), "{text}: {error}");
        }
    }
}
