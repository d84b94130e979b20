//! Where each setting comes from, secrets left out.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said otherwise.
    Default,
    /// The environment or the `.env` file.
    Environment,
    /// A flag.
    Flag,
}

impl Origin {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// One setting as `config show` prints it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The environment variable.
    pub name: String,
    /// The value; `(set)` for a secret that is set.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is for.
    pub help: String,
}

/// Settings whose value is never shown.
const SECRETS: [&str; 2] = ["SECRET_KEY", "ADMIN_PASSWORD"];

/// Every setting of a parsed command line, in the order of the documentation.
#[must_use]
pub fn shown(command: &clap::Command, matches: &ArgMatches) -> Vec<Shown> {
    command
        .get_arguments()
        .filter_map(|arg| {
            let name = arg.get_env()?.to_str()?.to_owned();
            let id = arg.get_id().as_str();
            let raw = matches.get_raw(id).into_iter().flatten();
            let values: Vec<String> = raw
                .map(|value| value.to_string_lossy().into_owned())
                .collect();
            Some(Shown {
                value: mask(&name, values.join(",")),
                name,
                origin: match matches.value_source(id) {
                    Some(ValueSource::CommandLine) => Origin::Flag,
                    Some(ValueSource::EnvVariable) => Origin::Environment,
                    _ => Origin::Default,
                },
                help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            })
        })
        .collect()
}

fn mask(name: &str, value: String) -> String {
    if SECRETS.contains(&name) && !value.is_empty() {
        return "(set)".to_owned();
    }
    if name == "DATABASE_URL" {
        return without_password(&value);
    }
    value
}

/// A database address without its password: it stands between the user's `:` and the last `@`,
/// or in the query.
fn without_password(address: &str) -> String {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let base = match base.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}:…@{host}")
            }
            None => base.to_owned(),
        },
        None => base.to_owned(),
    };
    if query.is_empty() {
        return base;
    }
    let shown = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}=…"),
        _ => part.to_owned(),
    });
    format!("{base}?{}", shown.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        assert_eq!(mask("SECRET_KEY", "abc".to_owned()), "(set)");
        assert_eq!(
            mask("DATABASE_URL", "postgres://me:p@ss@host/db".to_owned()),
            "postgres://me:…@host/db"
        );
        assert_eq!(
            mask(
                "DATABASE_URL",
                "postgres://host/db?sslmode=require&password=p".to_owned()
            ),
            "postgres://host/db?sslmode=require&password=…"
        );
        assert_eq!(
            mask("DATABASE_URL", "sqlite://a.db".to_owned()),
            "sqlite://a.db"
        );
        assert_eq!(mask("BIND", "127.0.0.1:8000".to_owned()), "127.0.0.1:8000");
    }
}
