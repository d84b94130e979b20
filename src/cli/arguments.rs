//! Arguments that cannot be used: which, and why, in one line where a setting is to blame.

use std::io::Write as _;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use super::Arguments;
use super::failure::Exit;
use super::terminal;
use crate::config::is_left_empty;

/// The whole command line; `-h` leaves the settings to `--help`.
pub(super) fn command() -> clap::Command {
    Arguments::command().mut_args(|arg| {
        let is_setting = arg.get_env().is_some();
        let is_empty = arg
            .get_default_values()
            .iter()
            .all(|value| value.is_empty());
        arg.hide_short_help(is_setting).hide_default_value(is_empty)
    })
}

/// Reads the arguments; a variable that is empty counts as not set.
///
/// # Errors
/// What [`refuse`] explains.
pub(super) fn read(command: &clap::Command) -> Result<(Arguments, ArgMatches), clap::Error> {
    let command = command.clone().mut_args(|arg| match arg.get_env() {
        Some(name) if is_left_empty(name) => arg.env(Resettable::Reset),
        _ => arg,
    });
    let matches = command.try_get_matches()?;
    Ok((Arguments::from_arg_matches(&matches)?, matches))
}

/// Says why the arguments or the settings cannot be used; help and version are no failure.
pub(super) fn refuse(command: &clap::Command, error: &clap::Error) -> ExitCode {
    if let Some(line) = describe(command, error) {
        // Nobody is left to be told that telling failed.
        drop(writeln!(
            std::io::stderr(),
            "watchpost: {}",
            terminal::clean(&line)
        ));
        return Exit::Unusable.into();
    }
    drop(error.print());
    if error.use_stderr() {
        Exit::Unusable.into()
    } else {
        Exit::Done.into()
    }
}

/// What is wrong with the value of a setting; it may come from the environment, which the usual
/// message does not say. The value of a setting that may hold a secret is not repeated.
fn describe(command: &clap::Command, error: &clap::Error) -> Option<String> {
    if !matches!(
        error.kind(),
        ErrorKind::ValueValidation | ErrorKind::InvalidUtf8
    ) {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let blamed = text(ContextKind::InvalidArg)?;
    // Arguments know how they are shown once the command is complete.
    let mut command = command.clone();
    command.build();
    let arg = command
        .get_arguments()
        .find(|arg| arg.to_string() == blamed)?;
    let name = arg.get_env()?.to_str()?;
    let flag = arg.get_long()?;
    let reason = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    let value = match text(ContextKind::InvalidValue) {
        Some(value) if !arg.is_hide_env_values_set() => format!(" cannot be {value:?}"),
        _ => " cannot be used".to_owned(),
    };
    Some(format!("{name} (or --{flag}){value}: {reason}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Arguments;

    fn refused(args: &[&str]) -> Option<String> {
        let args = std::iter::once("watchpost").chain(args.iter().copied());
        let error = Arguments::try_parse_from(args).unwrap_err();
        describe(&Arguments::command(), &error)
    }

    #[test]
    fn a_setting_is_named_by_variable_and_flag() {
        let line = refused(&["--rate-limit-user", "lots"]).unwrap();
        assert!(line.starts_with("RATE_LIMIT_USER (or --rate-limit-user) cannot be \"lots\": "));
        let line = refused(&["--password-min-length", "3"]).unwrap();
        assert!(line.starts_with("PASSWORD_MIN_LENGTH (or --password-min-length) cannot be \"3\""));
    }

    #[test]
    fn a_secret_is_not_repeated() {
        let line = refused(&["--database-url", "mysql://u:hunter2@h/d"]).unwrap();
        assert!(line.starts_with("DATABASE_URL (or --database-url) cannot be used: "));
        assert!(!line.contains("hunter2"));
    }

    #[test]
    fn other_mistakes_are_left_to_clap() {
        assert_eq!(refused(&["--no-such-flag"]), None);
        assert_eq!(refused(&["import"]), None);
    }
}
