//! Settings for tests: the defaults, and what flags say.

use clap::Parser;

use super::Settings;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

/// The settings of a program that is started with these flags.
pub(crate) fn settings<'a>(flags: impl IntoIterator<Item = &'a str>) -> Settings {
    let line = ["test"].into_iter().chain(flags);
    Line::try_parse_from(line).unwrap().settings
}
