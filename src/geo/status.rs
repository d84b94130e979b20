//! What is loaded, how old it is and whom to thank: for the system page and the log.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::mmdb::Database;
use super::table::{self, CountryTable};

/// Says what a database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DatabaseKind {
    /// Country only; the built-in table.
    Country,
    /// City, position and country.
    City,
    /// Autonomous system.
    Asn,
}

/// Describes one database in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DatabaseStatus {
    /// What it is for.
    pub kind: DatabaseKind,
    /// Path of the file, or `built-in`. Shows the server's folders: for administrators only.
    #[schema(example = "/var/lib/watchpost/dbip-city-ipv4.mmdb")]
    pub source: String,
    /// What its maker calls it.
    #[schema(example = "GeoLite2-City")]
    pub database_type: String,
    /// Day its data was compiled, as `YYYY-MM-DD`; null if the file gives a day beyond year 9999.
    #[schema(example = "2026-06-05")]
    pub built: Option<String>,
    /// Size of the file in bytes; as much memory is used, for the built-in table about 4 MB.
    pub size_bytes: u64,
    /// Look-ups that met a damaged record since the file was read.
    pub failed_lookups: u64,
}

/// Names whose data is used, as their licence asks: show it where results are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attribution {
    /// Text of the link.
    #[schema(example = "IP Geolocation by DB-IP")]
    pub text: &'static str,
    /// Target of the link.
    #[schema(example = "https://db-ip.com")]
    pub url: &'static str,
}

/// Describes all geographic data in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GeoStatus {
    /// Databases in the order in which they are asked; the built-in table is last of all.
    pub databases: Vec<DatabaseStatus>,
    /// Whom to name beside results, each once.
    pub attributions: Vec<Attribution>,
    /// Files that could not be used, in words, as long as they lie there.
    pub problems: Vec<String>,
}

const REGISTRIES: Attribution = Attribution {
    text: "Country data by the regional internet registries (NRO)",
    url: "https://www.nro.net",
};

/// Parts of file names or database types, in lower case, and what their licence asks to show.
const MAKERS: &[(&str, Attribution)] = &[
    (
        "dbip",
        Attribution {
            text: "IP Geolocation by DB-IP",
            url: "https://db-ip.com",
        },
    ),
    (
        "db-ip",
        Attribution {
            text: "IP Geolocation by DB-IP",
            url: "https://db-ip.com",
        },
    ),
    (
        "geolite2",
        Attribution {
            text: "This product includes GeoLite2 data created by MaxMind",
            url: "https://www.maxmind.com",
        },
    ),
    (
        "ipinfo",
        Attribution {
            text: "IP address data is powered by IPinfo",
            url: "https://ipinfo.io",
        },
    ),
];

impl GeoStatus {
    /// Collects the status; `databases` in the order in which they are asked.
    pub(super) fn new<'a>(
        table: &CountryTable,
        databases: impl Iterator<Item = (DatabaseKind, &'a Database)>,
        problems: Vec<String>,
    ) -> Self {
        let mut status = Self {
            databases: Vec::new(),
            attributions: Vec::new(),
            problems,
        };
        for (kind, database) in databases {
            let described = describe(kind, database);
            let thanks = attribution(&described);
            status
                .attributions
                .extend(thanks.filter(|new| !status.attributions.contains(new)));
            status.databases.push(described);
        }
        status.databases.push(DatabaseStatus {
            kind: DatabaseKind::Country,
            source: "built-in".to_owned(),
            database_type: table.package.clone(),
            built: Some(table.built.clone()),
            size_bytes: u64::try_from(table::EMBEDDED.len()).unwrap_or(u64::MAX),
            failed_lookups: 0,
        });
        status.attributions.push(REGISTRIES);
        status
    }
}

fn describe(kind: DatabaseKind, database: &Database) -> DatabaseStatus {
    let seconds = i64::try_from(database.build_epoch()).ok();
    let built = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    DatabaseStatus {
        kind,
        source: database.path.display().to_string(),
        database_type: database.database_type().to_owned(),
        built: built.map(|built| built.strftime("%Y-%m-%d").to_string()),
        size_bytes: database.size_bytes(),
        failed_lookups: database.failed_lookups(),
    }
}

fn attribution(database: &DatabaseStatus) -> Option<Attribution> {
    let file_name = database
        .source
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default();
    let text = format!("{file_name} {}", database.database_type).to_ascii_lowercase();
    MAKERS
        .iter()
        .find(|(part, _)| text.contains(part))
        .map(|(_, thanks)| thanks.clone())
}
