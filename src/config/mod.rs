//! What the operator decides: flags over environment over defaults.
//!
//! Every setting is an environment variable (a `.env` file is read) and a flag of the same name.
//! A value that cannot be read refuses to start and is named.

mod environment;
mod kinds;
mod settings;
mod show;
mod syslog;
#[cfg(test)]
pub(crate) mod test_settings;

pub use environment::{
    DotEnvError, colours_are_wanted, is_left_empty, load_dot_env, unknown_variables,
};
pub use kinds::{
    ByteSize, ByteSizeError, LogFormat, Optional, Rate, RateError, Sla, SlaError, Toggle,
};
pub use settings::{ConfigError, Settings};
pub use show::{Origin, Shown, shown};
pub use syslog::{SyslogSettings, Zone, ZoneError};
