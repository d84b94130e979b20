//! The environment: the `.env` file, and variables that look like settings and are none.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What variables of ours might be called by somebody who guesses; no setting is.
const GUESSED_PREFIX: &str = "WATCHPOST_";
/// What the test command sets for the tests.
const TEST_PREFIX: &str = "WATCHPOST_TEST_";

/// Why a `.env` file cannot be used. Never shows a line: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum DotEnvError {
    /// A line is no assignment.
    #[error(
        "{path} line {line} cannot be read: write NAME=value, a value with spaces, # or $ in \
         single quotes"
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The file is there and cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Reads a `.env` file into the environment; what is set there already stays.
///
/// A missing file is no error. Call it before any other thread runs and before the arguments are
/// read. The file is read whole before anything is set.
///
/// # Errors
/// [`DotEnvError`] naming the line, when one is no assignment.
pub fn load_dot_env(path: &Path) -> Result<(), DotEnvError> {
    let failed = |reason: std::io::Error| DotEnvError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    let text = match File::open(path).and_then(std::io::read_to_string) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if let Some(line) = broken_line(&text) {
        return Err(DotEnvError::Line {
            path: path.to_owned(),
            line,
        });
    }
    dotenvy::from_read(text.as_bytes()).map_err(|error| failed(std::io::Error::other(error)))
}

/// The first line, from 1, where no assignment begins.
fn broken_line(text: &str) -> Option<usize> {
    let reads = |text: &str| dotenvy::from_read_iter(text.as_bytes()).all(|item| item.is_ok());
    let text = text.trim_start_matches('\u{feff}');
    if reads(text) {
        return None;
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut begin = 0;
    while begin < lines.len() {
        // A quoted value may go over several lines.
        let ends = begin.saturating_add(1)..=lines.len();
        let part = |end: usize| lines.get(begin..end).unwrap_or_default().concat();
        match ends.clone().find(|&end| reads(&part(end))) {
            Some(end) => begin = end,
            None => break,
        }
    }
    Some(begin.saturating_add(1))
}

/// Variables of the environment that look like settings of this program and are none.
#[must_use]
pub fn unknown_variables() -> Vec<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "looks for names that no setting has"
    )]
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut unknown: Vec<String> = names
        .filter(|name| name.starts_with(GUESSED_PREFIX) && !name.starts_with(TEST_PREFIX))
        .collect();
    unknown.sort();
    unknown
}

/// Whether a variable is there and holds nothing, as example files leave settings.
#[must_use]
pub fn is_left_empty(name: &std::ffi::OsStr) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "clap does not tell an empty variable from a value"
    )]
    let value = std::env::var_os(name);
    value.is_some_and(|value| value.is_empty())
}

/// Whether a terminal may be written to in colours: `NO_COLOR` is not set (no-color.org).
#[must_use]
pub fn colours_are_wanted() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "no setting of ours: every program reads it"
    )]
    let refused = std::env::var_os("NO_COLOR");
    refused.is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broken_line_is_named() {
        assert_eq!(broken_line(""), None);
        assert_eq!(
            broken_line("\u{feff}A=1\n# x\n\nexport B='two words' # why\n"),
            None
        );
        assert_eq!(broken_line("A=\"1\n2\"\nB=2\n"), None);
        assert_eq!(broken_line("A=1\nno assignment\nB=2\n"), Some(2));
        assert_eq!(broken_line("A=\"1\n2\"\nB=two words\n"), Some(3));
        assert_eq!(broken_line("A=1\n\nB='open\nC=3\n"), Some(3));
        assert_eq!(broken_line("=1"), Some(1));
    }

    #[test]
    fn a_missing_file_is_no_error_and_a_broken_one_does_not_show_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        assert!(load_dot_env(&path).is_ok());
        std::fs::write(&path, "ADMIN_PASSWORD=correct horse\n").unwrap();
        let message = load_dot_env(&path).unwrap_err().to_string();
        assert!(message.contains("line 1") && !message.contains("horse"));
    }
}
