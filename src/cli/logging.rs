//! Log lines on standard error: text for people, JSON for collectors.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use clap::ArgMatches;
use clap::parser::ValueSource;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::debug_fn;

use super::terminal;
use crate::config::{LogFormat, Settings, colours_are_wanted};

/// What is logged: as set; else for the server `info`, for other commands what went wrong.
pub(super) fn filter<'a>(settings: &'a Settings, matches: &ArgMatches, serves: bool) -> &'a str {
    let chosen = matches.value_source("log_level") != Some(ValueSource::DefaultValue);
    if serves || chosen || settings.debug.0 {
        settings.log_filter()
    } else {
        "warn"
    }
}

/// Starts logging, once.
///
/// # Errors
/// The filter cannot be read, or logging was started before.
pub(super) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter: EnvFilter = filter.parse().context("LOG_LEVEL")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true);
            builder
                .with_current_span(false)
                .with_span_list(false)
                .try_init()
        }
        LogFormat::Text => {
            let coloured = std::io::stderr().is_terminal() && colours_are_wanted();
            builder
                .with_ansi(coloured)
                .fmt_fields(harmless())
                .try_init()
        }
    };
    started.map_err(|error| anyhow::anyhow!("logging was not started: {error}"))
}

/// Writes fields so that no value begins a line of its own or speaks to the terminal.
///
/// The library escapes what begins a terminal's command, but lets line ends through.
fn harmless() -> impl for<'w> FormatFields<'w> + Send + Sync + 'static {
    debug_fn(|writer, field, value| {
        let text = format!("{value:?}");
        let text = terminal::clean(&text);
        if field.name() == "message" {
            writer.write_str(&text)
        } else {
            write!(writer, "{field}={text}")
        }
    })
    .delimited(" ")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_foreign_value_stays_on_its_line() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .with_ansi(false)
            .fmt_fields(harmless())
            .finish();
        let foreign = "x\nERROR forged\r\u{1b}[2J";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(shown = %foreign, quoted = ?foreign, text = foreign, "said {foreign}");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains(['\r', '\u{1b}']), "{text}");
        assert_eq!(text.matches("ERROR forged").count(), 4, "{text}");
    }
}
