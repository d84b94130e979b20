//! The address of a PostgreSQL server in the words of its own programs.

use std::ffi::OsString;
use std::path::Path;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::Location;

/// Where systems keep the certificate authorities they trust.
const TRUSTED: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

impl Location {
    /// The environment in which `pg_dump` and `psql` reach the same database without arguments,
    /// the password among it (PostgreSQL 18 documentation, 32.15); empty for SQLite.
    ///
    /// `sslmode=require` becomes `verify-full`: verifying is what it means here.
    #[must_use]
    pub fn libpq_environment(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Sqlite(_) => Vec::new(),
            Self::Postgres(config) => environment(config),
        }
    }
}

fn environment(config: &Config) -> Vec<(&'static str, OsString)> {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    let mut variables: Vec<(&'static str, OsString)> =
        vec![("PGHOST", hosts.collect::<Vec<_>>().join(",").into())];
    let mut set = |name, value: Option<OsString>| {
        if let Some(value) = value {
            variables.push((name, value));
        }
    };
    set(
        "PGPORT",
        (!ports.is_empty()).then(|| ports.join(",").into()),
    );
    set("PGUSER", config.get_user().map(OsString::from));
    set(
        "PGDATABASE",
        config
            .get_dbname()
            .or(config.get_user())
            .map(OsString::from),
    );
    set("PGPASSWORD", config.get_password().map(password));
    let mode = match config.get_ssl_mode() {
        SslMode::Disable => "disable",
        SslMode::Require => "verify-full",
        _ => "prefer",
    };
    set("PGSSLMODE", Some(mode.into()));
    let trusted = TRUSTED.iter().find(|path| Path::new(path).exists());
    set(
        "PGSSLROOTCERT",
        trusted
            .filter(|_| mode == "verify-full")
            .map(OsString::from),
    );
    variables
}

fn password(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_said_in_variables() {
        let location: Location = "postgres://me:p%40ss@db.example:5433/watch?sslmode=require"
            .parse()
            .unwrap();
        let variables = location.libpq_environment();
        let get = |name| {
            variables
                .iter()
                .find(|it| it.0 == name)
                .and_then(|it| it.1.to_str())
        };
        assert_eq!(get("PGHOST"), Some("db.example"));
        assert_eq!(get("PGPORT"), Some("5433"));
        assert_eq!(get("PGUSER"), Some("me"));
        assert_eq!(get("PGDATABASE"), Some("watch"));
        assert_eq!(get("PGPASSWORD"), Some("p@ss"));
        assert_eq!(get("PGSSLMODE"), Some("verify-full"));
    }

    #[test]
    fn a_file_needs_none() {
        let location: Location = "sqlite://x.db".parse().unwrap();
        assert!(location.libpq_environment().is_empty());
    }
}
