//! The command line: one file a command. `docs/cli.md` shows each of them.
//!
//! Commands open the database themselves, also while a server runs on it, and do what they do
//! through the same functions as the API, as the actor `system`. Start reading at [`run`].

mod arguments;
mod audit;
mod backup;
pub mod demo;
mod demo_command;
mod export;
mod failure;
mod healthcheck;
mod import;
mod key;
mod logging;
mod migrate;
mod openapi;
mod prune;
mod server;
mod session;
mod settings;
mod signals;
mod source;
mod storing;
mod terminal;
mod user;

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Parser, Subcommand};

use crate::config::{Settings, load_dot_env, shown, unknown_variables};
use failure::Exit;

/// Where settings are read from besides flags and the environment: the working directory.
const DOT_ENV: &str = ".env";

/// Self-hosted threat monitor: events in, alerts out, every control open.
#[derive(Debug, Parser)]
#[command(
    name = "watchpost",
    version,
    after_help = "Without a command it serves. Exit codes: 0 done, 1 failed, 2 arguments or \
                  settings that cannot be used, 3 some lines refused (import), 130 interrupted."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server (the default).
    Serve,
    /// Brings the database's schema up to date, and makes the database if there is none.
    Migrate,
    /// Users: create, reset-password, list, unlock.
    #[command(subcommand)]
    User(user::Command),
    /// Ingest keys: create, revoke, list.
    #[command(subcommand)]
    Key(key::Command),
    /// Sources: list, show, set, remove.
    #[command(subcommand)]
    Source(source::Command),
    Import(import::Import),
    Export(export::Export),
    Backup(backup::Backup),
    Prune(prune::Prune),
    /// The activity log: verify.
    #[command(subcommand)]
    Audit(audit::Command),
    Demo(demo_command::Demo),
    Healthcheck(healthcheck::Healthcheck),
    Openapi(openapi::Openapi),
    /// The settings: show, check.
    #[command(subcommand)]
    Config(settings::Command),
}

impl Command {
    /// Whether log lines are what its user came for.
    const fn is_serve(&self) -> bool {
        matches!(self, Self::Serve)
    }
}

/// Reads the arguments, runs the command and says how it ended: what `main` does.
///
/// Exit codes: 0 done; 1 failed; 2 arguments or settings that cannot be used, nothing was done;
/// 3 `import` refused some lines and stored the others; 130 interrupted.
#[must_use]
pub fn run() -> ExitCode {
    failure::shorten_panics();
    if let Err(error) = load_dot_env(Path::new(DOT_ENV)) {
        return failure::report(&error.into(), Exit::Unusable);
    }
    let command = arguments::command();
    let (mut arguments, matches) = match arguments::read(&command) {
        Ok(parsed) => parsed,
        Err(error) => return arguments::refuse(&command, &error),
    };
    arguments.settings.shown = shown(&command, &matches).into();
    match prepare(&arguments, &matches).and_then(|()| execute(arguments, &command, &matches)) {
        Ok(exit) => exit.into(),
        Err(error) => failure::report(&error, failure::exit_of(&error)),
    }
}

/// Checks the settings and starts logging.
fn prepare(arguments: &Arguments, matches: &ArgMatches) -> anyhow::Result<()> {
    let Arguments { command, settings } = arguments;
    if matches!(command, Some(Command::Config(settings::Command::Show))) {
        return Ok(());
    }
    settings.check()?;
    let serves = command.as_ref().is_none_or(Command::is_serve);
    logging::start(
        logging::filter(settings, matches, serves),
        settings.log_format,
    )?;
    for name in unknown_variables() {
        tracing::warn!(
            ?name,
            "no setting has this name; `watchpost config show` lists all"
        );
    }
    Ok(())
}

fn execute(
    arguments: Arguments,
    command: &clap::Command,
    matches: &ArgMatches,
) -> anyhow::Result<Exit> {
    let Arguments {
        command: wanted,
        settings,
    } = arguments;
    match wanted.unwrap_or(Command::Serve) {
        Command::Openapi(openapi) => openapi.run(),
        Command::Config(config) => config.run(&settings, command, matches),
        wanted => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            let result = runtime.block_on(wanted.run(settings));
            // A second signal, or a terminal nobody types into, must not hold the program up.
            runtime.shutdown_background();
            result
        }
    }
}

impl Command {
    /// Runs what needs the runtime.
    async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        match self {
            Self::Serve | Self::Openapi(_) | Self::Config(_) => server::serve(settings).await,
            Self::Migrate => migrate::run(settings).await,
            Self::User(user) => user.run(settings).await,
            Self::Key(key) => key.run(settings).await,
            Self::Source(source) => source.run(settings).await,
            Self::Import(import) => import.run(settings).await,
            Self::Export(export) => export.run(settings).await,
            Self::Backup(backup) => backup.run(settings).await,
            Self::Prune(prune) => prune.run(settings).await,
            Self::Audit(audit) => audit.run(settings).await,
            Self::Demo(demo) => demo.run(settings).await,
            Self::Healthcheck(healthcheck) => healthcheck.run(&settings).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        arguments::command().debug_assert();
    }

    #[test]
    fn every_setting_is_a_flag_anywhere() {
        let parse = |args: &[&str]| {
            Arguments::try_parse_from(args).map(|arguments| arguments.settings.listen().port())
        };
        assert_eq!(parse(&["watchpost", "--bind", "127.0.0.1:81"]).unwrap(), 81);
        assert_eq!(
            parse(&["watchpost", "serve", "--bind", "127.0.0.1:81"]).unwrap(),
            81
        );
        assert_eq!(
            parse(&["watchpost", "--port", "81", "user", "list"]).unwrap(),
            81
        );
        assert!(parse(&["watchpost", "--port", "70000"]).is_err());
    }
}
