//! How a command ends: its exit code, and one line that says what went wrong and why.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use super::terminal;
use crate::config::ConfigError;
use crate::http::FieldErrors;
use crate::identity::IdentityError;
use crate::serve::StartError;
use crate::sources::SourceError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// It did what it was asked to.
    Done = 0,
    /// It could not.
    Failed = 1,
    /// The arguments or settings cannot be used; nothing was done.
    Unusable = 2,
    /// Some lines were refused, the others are stored.
    Partly = 3,
    /// It was stopped from outside before it was done.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Prints what went wrong as one line, each cause after what it made fail.
pub(super) fn report(error: &anyhow::Error, exit: Exit) -> ExitCode {
    if exit != Exit::Done {
        let line = terminal::clean(&describe(error)).into_owned();
        // Nobody is left to be told that telling failed.
        drop(writeln!(std::io::stderr(), "watchpost: {line}"));
    }
    exit.into()
}

fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = match refused(cause) {
            Some(errors) => terminal::field_errors(errors),
            None => cause.to_string(),
        };
        // Some errors repeat their cause.
        if !text.ends_with(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
    }
    text
}

/// What is wrong with values that were given, by field.
fn refused<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e FieldErrors> {
    if let Some(IdentityError::Refused(errors)) = cause.downcast_ref() {
        return Some(errors);
    }
    match cause.downcast_ref() {
        Some(SourceError::Refused(errors)) => Some(errors),
        _ => None,
    }
}

/// Which exit code an error means.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    let unusable = error.chain().any(|cause| {
        cause.is::<ConfigError>()
            || matches!(cause.downcast_ref(), Some(StartError::Config(_)))
            || refused(cause).is_some()
    });
    // `watchpost export | head` has what it wanted.
    let unread = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind)
            == Some(ErrorKind::BrokenPipe)
    });
    match (unusable, unread) {
        (true, _) => Exit::Unusable,
        (_, true) => Exit::Done,
        _ => Exit::Failed,
    }
}

/// Makes a panic, which is a defect of this program, one line instead of a page.
pub(super) fn shorten_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("a panic");
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, what, "a defect of this program");
        } else {
            let what = terminal::clean(what);
            drop(writeln!(
                std::io::stderr(),
                "watchpost: a defect of this program at {place}: {what}"
            ));
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_what_they_made_fail() {
        let error = anyhow::anyhow!("disk full")
            .context("cannot write x")
            .context("backup");
        assert_eq!(describe(&error), "backup: cannot write x: disk full");
        let error = anyhow::anyhow!("disk full").context("cannot write x: disk full");
        assert_eq!(describe(&error), "cannot write x: disk full");
    }

    #[test]
    fn a_refused_value_is_a_mistake_of_usage() {
        let errors = FieldErrors::from([("username".to_owned(), vec!["too short".to_owned()])]);
        let error = anyhow::Error::from(IdentityError::Refused(errors)).context("user create");
        assert_eq!(exit_of(&error), Exit::Unusable);
        assert_eq!(describe(&error), "user create: username: too short");
        assert_eq!(exit_of(&anyhow::anyhow!("x")), Exit::Failed);
    }

    #[test]
    fn a_reader_who_left_is_no_failure() {
        let error = std::io::Error::from(ErrorKind::BrokenPipe);
        assert_eq!(
            exit_of(&anyhow::Error::from(error).context("export")),
            Exit::Done
        );
    }
}
