//! Where a client has read up to.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Up to which alert and which entry of the alerts' history a client has been told everything.
///
/// Written `<alert>.<entry>`. Both numbers come from the database, so it counts on every server
/// of that database and after a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// No alert with this number or a lower one is still to be told.
    pub(super) alert: i64,
    /// The same of the entries of the history.
    pub(super) entry: i64,
}

/// The text is no resume id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be a resume id as this server gave it, such as 4812.977")]
pub struct NoResume;

impl fmt::Display for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.alert, self.entry)
    }
}

impl FromStr for Resume {
    type Err = NoResume;

    fn from_str(text: &str) -> Result<Self, NoResume> {
        let (alert, entry) = text.split_once('.').ok_or(NoResume)?;
        Ok(Self {
            alert: number(alert)?,
            entry: number(entry)?,
        })
    }
}

impl Serialize for Resume {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Digits alone: `i64` would also read a sign.
fn number(text: &str) -> Result<i64, NoResume> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| NoResume)
    } else {
        Err(NoResume)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_id_is_read_as_it_was_written_and_nothing_else_is() {
        let resume = Resume {
            alert: 4_812,
            entry: 0,
        };
        assert_eq!(resume.to_string().parse(), Ok(resume));
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "-1.2",
            "+1.2",
            "1.2.3",
            "1.9223372036854775808",
        ] {
            assert_eq!(text.parse::<Resume>(), Err(NoResume), "{text}");
        }
    }
}
