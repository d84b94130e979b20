//! Files are found or named, the newest asked first; what cannot be used is told.

use super::*;
use crate::geo::{Attribution, DatabaseKind, GeoStatus};

#[test]
fn separate_files_for_ipv4_and_ipv6_are_used_at_once() {
    let db = open(&[
        ("dbip-city-ipv4.mmdb", city_file("London")),
        (
            "dbip-city-ipv6.mmdb",
            mmdb(6, vec![("2a00:1450::", 32, city_nested("Dublin"))]),
        ),
    ]);
    assert_eq!(city_at(&db, "81.2.69.142").unwrap(), "London");
    assert_eq!(city_at(&db, "2a00:1450:4001::1").unwrap(), "Dublin");
    assert_eq!(city_at(&db, "2a00:1451::1"), None);
    assert_eq!(lookup(&db, "8.8.8.8").unwrap().country_code.unwrap(), "US");
}

#[test]
fn of_two_files_the_newer_is_asked_first() {
    let file = |build_epoch, city| {
        let networks = vec![("81.2.69.0", 24, city_nested(city))];
        Mmdb {
            database_type: "City",
            build_epoch,
            ip_version: 4,
            networks,
        }
        .bytes()
    };
    let db = open(&[
        ("a-city.mmdb", file(BUILT, "Older")),
        ("b-city.mmdb", file(BUILT + 1, "Newer")),
        ("c-city.mmdb", file(BUILT - 1, "Oldest")),
    ]);
    assert_eq!(city_at(&db, "81.2.69.142").unwrap(), "Newer");
}

#[test]
fn a_configured_path_replaces_the_search_and_may_be_a_folder() {
    let (_data, mut sources) = data_dir(&[("city.mmdb", city_file("Found"))]);
    let (named, _) = data_dir(&[
        ("A-City.MMDB", city_file("Named")),
        ("asn.mmdb", city_file("Ignored")),
    ]);
    let city = |sources: &GeoSources| city_at(&GeoDb::open(sources).unwrap(), "81.2.69.1").unwrap();

    assert_eq!(city(&sources), "Found");
    sources.city_db = Some(named.path().to_owned());
    assert_eq!(city(&sources), "Named");
    sources.city_db = Some(named.path().join("asn.mmdb"));
    assert_eq!(city(&sources), "Ignored", "a file may have any name");
}

#[test]
fn a_configured_file_that_cannot_be_used_is_named_with_the_reason() {
    let good = city_file("London");
    let (folder, sources) = data_dir(&[
        ("text.mmdb", b"not a database".to_vec()),
        ("empty.mmdb", Vec::new()),
        ("cut.mmdb", good[..good.len() / 2].to_vec()),
        ("good.mmdb", good),
    ]);
    for (name, reason) in [
        ("missing.mmdb", "No such file or directory"),
        ("text.mmdb", "could not find MaxMind DB metadata"),
        ("empty.mmdb", "could not find MaxMind DB metadata"),
        ("cut.mmdb", "could not find MaxMind DB metadata"),
        (".", "holds no file named *asn*.mmdb"),
    ] {
        let path = folder.path().join(name);
        let sources = GeoSources {
            asn_db: Some(path.clone()),
            ..sources.clone()
        };
        let message = GeoDb::open(&sources)
            .unwrap_err()
            .to_string()
            .to_lowercase();
        assert!(
            message.contains(&path.display().to_string().to_lowercase()),
            "{message}"
        );
        assert!(message.contains(&reason.to_lowercase()), "{message}");
    }
    let sources = GeoSources {
        asn_db: Some(folder.path().join("good.mmdb")),
        ..sources
    };
    assert!(GeoDb::open(&sources).is_ok());
}

#[test]
fn a_broken_file_that_was_only_found_does_not_stop_the_start() {
    let (folder, sources) = data_dir(&[("city.mmdb", b"not a database".to_vec())]);
    let db = GeoDb::open(&sources).unwrap();

    assert_eq!(lookup(&db, "8.8.8.8").unwrap().country_code.unwrap(), "US");
    let [problem] = db.status().problems.try_into().unwrap();
    assert!(
        problem.contains(&folder.path().join("city.mmdb").display().to_string()),
        "{problem}"
    );
}

#[test]
fn a_folder_of_too_many_databases_is_refused() {
    let file = city_file("London");
    let names: Vec<String> = (0..9).map(|number| format!("city{number}.mmdb")).collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), file.clone()))
        .collect();
    let (_folder, sources) = data_dir(&files);
    let problems = GeoDb::open(&sources).unwrap().status().problems;
    assert!(
        problems[0].contains("holds 9 files named *city*.mmdb, at most 8"),
        "{problems:?}"
    );
}

#[test]
fn the_status_names_files_dates_and_makers() {
    let asn = Value::Map(vec![("autonomous_system_number", Value::U32(20712))]);
    let asn = Mmdb {
        database_type: "DBIP-ASN-Lite",
        build_epoch: u64::MAX / 4_000_000_000,
        ip_version: 4,
        networks: vec![("81.2.64.0", 18, asn)],
    };
    let city = city_file("London");
    let (folder, sources) = data_dir(&[
        ("dbip-city-ipv4.mmdb", city.clone()),
        ("asn.mmdb", asn.bytes()),
    ]);
    let status = GeoDb::open(&sources).unwrap().status();

    let path = |name: &str| folder.path().join(name).display().to_string();
    let GeoStatus {
        databases,
        attributions,
        problems,
    } = status;
    let [first, second, third] = databases.try_into().unwrap();
    assert_eq!(
        (first.kind, first.source),
        (DatabaseKind::City, path("dbip-city-ipv4.mmdb"))
    );
    assert_eq!(first.built.as_deref(), Some("2026-06-05"));
    assert_eq!(first.size_bytes, u64::try_from(city.len()).unwrap());
    assert_eq!(
        (second.kind, second.source),
        (DatabaseKind::Asn, path("asn.mmdb"))
    );
    assert_eq!(
        (third.kind, third.source.as_str()),
        (DatabaseKind::Country, "built-in")
    );
    assert_eq!(third.built.as_deref(), Some("2026-06-17"));
    assert_eq!(
        attributions,
        [
            Attribution {
                text: "IP Geolocation by DB-IP",
                url: "https://db-ip.com"
            },
            Attribution {
                text: "Country data by the regional internet registries (NRO)",
                url: "https://www.nro.net"
            },
        ]
    );
    assert_eq!(problems, [""; 0]);
}
