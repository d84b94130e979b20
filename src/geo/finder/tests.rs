use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::super::test_mmdb::{Mmdb, Value};
use super::super::{Attribution, DatabaseKind, GeoStatus};
use super::*;

const BUILT: u64 = 1_780_617_600; // 2026-06-05

fn text(text: &'static str) -> Value {
    Value::Text(text)
}

fn city_nested(city: &'static str) -> Value {
    Value::Map(vec![
        (
            "city",
            Value::Map(vec![("geoname_id", Value::U32(1)), ("names", names(city))]),
        ),
        ("continent", Value::Map(vec![("code", text("EU"))])),
        (
            "country",
            Value::Map(vec![
                ("is_in_european_union", Value::Bool(false)),
                ("iso_code", text("GB")),
                ("names", names("A name other than ours")),
            ]),
        ),
        (
            "location",
            Value::Map(vec![
                ("accuracy_radius", Value::U16(10)),
                ("latitude", Value::Double(51.5142)),
                ("longitude", Value::Double(-0.0931)),
            ]),
        ),
        (
            "subdivisions",
            Value::List(vec![Value::Map(vec![("iso_code", text("ENG"))])]),
        ),
    ])
}

fn names(english: &'static str) -> Value {
    Value::Map(vec![("de", text("auf Deutsch")), ("en", text(english))])
}

fn mmdb(ip_version: u16, networks: Vec<(&'static str, u8, Value)>) -> Vec<u8> {
    Mmdb {
        database_type: "Test-City",
        build_epoch: BUILT,
        ip_version,
        networks,
    }
    .bytes()
}

/// A data directory with the given files, and the sources that search it.
fn data_dir(files: &[(&str, Vec<u8>)]) -> (TempDir, GeoSources) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let data_dir = folder.path().to_owned();
    (
        folder,
        GeoSources {
            data_dir,
            ..GeoSources::default()
        },
    )
}

fn open(files: &[(&str, Vec<u8>)]) -> GeoDb {
    let (_folder, sources) = data_dir(files);
    let db = GeoDb::open(&sources).unwrap();
    assert_eq!(db.status().problems, [""; 0]);
    db
}

fn open_with_record(record: Value) -> GeoDb {
    open(&[("city.mmdb", mmdb(4, vec![("81.2.69.0", 24, record)]))])
}

fn lookup(db: &GeoDb, address: &str) -> Option<Geo> {
    db.lookup(address.parse().unwrap())
}

fn built_in(code: &str, name: &str, latitude: f64, longitude: f64) -> Geo {
    Geo {
        country: Some(name.to_owned()),
        country_code: Some(code.to_owned()),
        latitude: Some(latitude),
        longitude: Some(longitude),
        ..Geo::default()
    }
}

fn london() -> Geo {
    Geo {
        city: Some("London".to_owned()),
        ..built_in("GB", "United Kingdom", 51.5142, -0.0931)
    }
}

/// Gives a file a date of its own, so that no test depends on the clock's resolution.
fn write_dated(path: &Path, bytes: &[u8], seconds: u64) {
    fs::write(path, bytes).unwrap();
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(BUILT + seconds);
    File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(date)
        .unwrap();
}

#[test]
fn without_any_file_public_addresses_have_a_country_and_its_centre() {
    let db = open(&[]);

    let geo = lookup(&db, "8.8.8.8").unwrap();
    assert_eq!(geo, built_in("US", "United States", 38.92, -98.98));
    let json = serde_json::to_string(&geo).unwrap();
    assert_eq!(
        json,
        r#"{"city":null,"country":"United States","country_code":"US","latitude":38.92,"#
            .to_owned()
            + r#""longitude":-98.98,"asn":null,"as_org":null,"label":null}"#
    );
    assert_eq!(serde_json::from_str::<Geo>(&json).unwrap(), geo);
    assert_eq!(serde_json::from_str::<Geo>("{}").unwrap(), Geo::default());
    assert_eq!(
        lookup(&db, "2001:4860:4860::8888")
            .unwrap()
            .country_code
            .unwrap(),
        "US"
    );
    assert_eq!(lookup(&db, "3ffe::1"), None, "not given to anyone");
}

#[test]
fn special_addresses_are_labelled_even_if_a_database_knows_better() {
    let networks = ["10.0.0.0", "203.0.113.0"]
        .map(|network| (network, 24, city_nested("Nowhere")))
        .into();
    let db = open(&[("city.mmdb", mmdb(4, networks))]);

    for (address, label) in [
        ("10.0.0.1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("203.0.113.7", "documentation"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("fd12::1", "private"),
        ("64:ff9b::808:808", "nat64"),
        ("2002:808:808::1", "6to4"),
    ] {
        let expected = Geo {
            label: Some(label.to_owned()),
            ..Geo::default()
        };
        assert_eq!(lookup(&db, address), Some(expected), "{address}");
    }
}

#[test]
fn an_ipv4_mapped_address_is_the_ipv4_address() {
    let db = open_with_record(city_nested("London"));
    assert_eq!(lookup(&db, "81.2.69.142"), Some(london()));
    assert_eq!(lookup(&db, "::ffff:81.2.69.142"), Some(london()));
}

#[test]
fn nested_city_and_asn_files_are_read_together() {
    let network = Value::Map(vec![
        ("autonomous_system_number", Value::U32(20712)),
        (
            "autonomous_system_organization",
            text("Andrews & Arnold Ltd"),
        ),
    ]);
    let db = open(&[
        (
            "GeoLite2-City.mmdb",
            mmdb(6, vec![("81.2.69.0", 24, city_nested("London"))]),
        ),
        (
            "GeoLite2-ASN.mmdb",
            mmdb(6, vec![("81.2.64.0", 18, network)]),
        ),
    ]);

    let expected = Geo {
        asn: Some(20712),
        as_org: Some("Andrews & Arnold Ltd".to_owned()),
        ..london()
    };
    assert_eq!(lookup(&db, "81.2.69.142"), Some(expected));
    let elsewhere = lookup(&db, "81.2.70.1").unwrap();
    assert_eq!((elsewhere.city, elsewhere.asn), (None, Some(20712)));
    assert_eq!(
        elsewhere.country_code.unwrap(),
        "GB",
        "from the built-in table"
    );
}

#[test]
fn flat_records_are_read_with_numbers_as_numbers_or_as_text() {
    let floats = Value::Map(vec![
        ("city", text("London")),
        ("country_code", text("GB")),
        ("latitude", Value::Float(51.5142)),
        ("longitude", Value::Float(-0.0931)),
        ("postcode", text("")),
        ("state1", text("England")),
    ]);
    let words = Value::Map(vec![
        ("city", text(" London ")),
        ("country", text("gb")),
        ("lat", text("51.5142")),
        ("lng", text("-0.0931")),
    ]);
    assert_eq!(
        lookup(&open_with_record(floats), "81.2.69.1"),
        Some(london())
    );
    assert_eq!(
        lookup(&open_with_record(words), "81.2.69.1"),
        Some(london())
    );

    let combined = Value::Map(vec![
        ("as_name", text("Example Ltd")),
        ("asn", text("AS64496")),
        ("country", text("United Kingdom")),
        ("country_code", text("GB")),
    ]);
    let geo = lookup(&open_with_record(combined), "81.2.69.1").unwrap();
    assert_eq!(geo.asn, Some(64496));
    assert_eq!(geo.as_org.as_deref(), Some("Example Ltd"));
    assert_eq!(geo.country.as_deref(), Some("United Kingdom"));
    assert_eq!(geo.latitude, Some(53.76), "the centre of the country");
}

#[test]
fn separate_files_for_ipv4_and_ipv6_are_used_at_once() {
    let db = open(&[
        (
            "dbip-city-ipv4.mmdb",
            mmdb(4, vec![("81.2.69.0", 24, city_nested("London"))]),
        ),
        (
            "dbip-city-ipv6.mmdb",
            mmdb(6, vec![("2a00:1450::", 32, city_nested("Dublin"))]),
        ),
    ]);
    assert_eq!(lookup(&db, "81.2.69.142").unwrap().city.unwrap(), "London");
    assert_eq!(
        lookup(&db, "2a00:1450:4001::1").unwrap().city.unwrap(),
        "Dublin"
    );
    assert_eq!(lookup(&db, "2a00:1451::1").unwrap().city, None);
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
    assert_eq!(lookup(&db, "81.2.69.142").unwrap().city.unwrap(), "Newer");
}

#[test]
fn odd_fields_do_not_hide_the_others() {
    let odd = Value::Map(vec![
        ("asn", Value::Double(1.5)),
        ("autonomous_system_number", Value::U64(1 << 40)),
        ("city", Value::List(vec![text("London")])),
        ("country", Value::Bool(true)),
        ("country_code", text("GB")),
        ("latitude", text("north")),
        ("location", text("51,0")),
        ("longitude", Value::Double(f64::NAN)),
    ]);
    let expected = built_in("GB", "United Kingdom", 53.76, -2.47);
    assert_eq!(
        lookup(&open_with_record(odd), "81.2.69.1"),
        Some(expected.clone())
    );

    let off_the_globe = Value::Map(vec![
        ("country_code", text("GB")),
        ("latitude", Value::Double(90.5)),
        ("longitude", Value::Double(0.0)),
    ]);
    assert_eq!(
        lookup(&open_with_record(off_the_globe), "81.2.69.1"),
        Some(expected)
    );
}

#[test]
fn a_record_that_names_no_country_falls_back_to_the_built_in_table() {
    for code in ["ZZ", "xx", "-", "GBR", ""] {
        let record = Value::Map(vec![
            ("city", text("Atlantis")),
            ("country_code", text(code)),
        ]);
        let geo = lookup(&open_with_record(record), "81.2.69.1").unwrap();
        assert_eq!(
            geo,
            built_in("GB", "United Kingdom", 53.76, -2.47),
            "{code:?}"
        );
    }
}

#[test]
fn an_unlisted_country_keeps_the_name_in_the_file() {
    let record = Value::Map(vec![
        ("country", text("Former Isles")),
        ("country_code", text("an")),
    ]);
    let geo = lookup(&open_with_record(record), "81.2.69.1").unwrap();
    assert_eq!(geo.country_code.as_deref(), Some("AN"));
    assert_eq!(geo.country.as_deref(), Some("Former Isles"));
    assert_eq!(geo.latitude, None);
}

#[test]
fn names_are_cleaned_and_bounded() {
    const LONG: &str = "x\u{0}é\u{7}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let record = Value::Map(vec![("city", text(LONG)), ("country_code", text("GB"))]);
    let city = lookup(&open_with_record(record), "81.2.69.1")
        .unwrap()
        .city
        .unwrap();
    assert!(city.starts_with("xéxx"), "{city:?}");
    assert_eq!(city.chars().count(), NAME_CHARS_MAX);
}

#[test]
fn a_configured_path_replaces_the_search_and_may_be_a_folder() {
    let file = |city| mmdb(4, vec![("81.2.69.0", 24, city_nested(city))]);
    let (_data, mut sources) = data_dir(&[("city.mmdb", file("Found"))]);
    let (named, _) = data_dir(&[
        ("A-City.MMDB", file("Named")),
        ("asn.mmdb", file("Ignored")),
    ]);
    let city = |sources: &GeoSources| {
        lookup(&GeoDb::open(sources).unwrap(), "81.2.69.1")
            .unwrap()
            .city
            .unwrap()
    };

    assert_eq!(city(&sources), "Found");
    sources.city_db = Some(named.path().to_owned());
    assert_eq!(city(&sources), "Named");
    sources.city_db = Some(named.path().join("asn.mmdb"));
    assert_eq!(city(&sources), "Ignored", "a file may have any name");
}

#[test]
fn a_configured_file_that_cannot_be_used_is_named_with_the_reason() {
    let good = mmdb(4, vec![("81.2.69.0", 24, city_nested("London"))]);
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
    let file = mmdb(4, vec![("81.2.69.0", 24, city_nested("London"))]);
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
fn files_are_taken_up_when_they_appear_change_and_go() {
    let file = |city| mmdb(4, vec![("81.2.69.0", 24, city_nested(city))]);
    let (folder, sources) = data_dir(&[]);
    let path = folder.path().join("city.mmdb");
    let db = GeoDb::open(&sources).unwrap();
    let clone = db.clone();
    let city = || lookup(&clone, "81.2.69.1").unwrap().city;

    assert!(!db.reload_if_changed().unwrap(), "nothing there yet");
    write_dated(&path, &file("First"), 0);
    assert!(db.reload_if_changed().unwrap());
    assert_eq!(city().as_deref(), Some("First"));
    assert!(!db.reload_if_changed().unwrap(), "not changed");

    write_dated(&path, &file("Other"), 1);
    assert!(db.reload_if_changed().unwrap(), "same size, other date");
    assert_eq!(city().as_deref(), Some("Other"));

    write_dated(&path, &file("Larger"), 1);
    assert!(db.reload_if_changed().unwrap(), "same date, other size");
    assert_eq!(city().as_deref(), Some("Larger"));

    fs::remove_file(&path).unwrap();
    assert!(db.reload_if_changed().unwrap());
    assert_eq!(city(), None);
    fs::remove_dir(folder.path()).unwrap();
    assert!(
        !db.reload_if_changed().unwrap(),
        "the data directory need not exist"
    );
}

#[test]
fn a_broken_new_file_keeps_the_old_data_and_is_reported_once() {
    let good = mmdb(4, vec![("81.2.69.0", 24, city_nested("London"))]);
    let (folder, mut sources) = data_dir(&[]);
    let path = folder.path().join("named.mmdb");
    write_dated(&path, &good, 0);
    sources.city_db = Some(path.clone());
    let db = GeoDb::open(&sources).unwrap();

    write_dated(&path, &good[..good.len() / 2], 1);
    let message = db.reload_if_changed().unwrap_err().to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert_eq!(lookup(&db, "81.2.69.142"), Some(london()));
    assert_eq!(db.status().problems, std::slice::from_ref(&message));
    assert!(!db.reload_if_changed().unwrap(), "the same broken version");
    assert_eq!(db.status().problems, [message]);

    fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        let error = db.reload_if_changed().unwrap_err();
        assert!(matches!(error, GeoError::Unreadable { .. }), "{error}");
        assert_eq!(lookup(&db, "81.2.69.142"), Some(london()));
    }

    write_dated(
        &path,
        &mmdb(4, vec![("81.2.69.0", 24, city_nested("Leeds"))]),
        2,
    );
    assert!(db.reload_if_changed().unwrap());
    assert_eq!(lookup(&db, "81.2.69.142").unwrap().city.unwrap(), "Leeds");
    assert_eq!(db.status().problems, [""; 0]);
}

#[test]
fn unchanged_files_are_not_read_again() {
    let file = |city| mmdb(4, vec![("81.2.69.0", 24, city_nested(city))]);
    let (folder, sources) = data_dir(&[("a-city.mmdb", file("One"))]);
    let db = GeoDb::open(&sources).unwrap();
    let before = Arc::clone(&db.0.loaded.load().city[0]);

    fs::write(folder.path().join("b-city.mmdb"), file("Two")).unwrap();
    assert!(db.reload_if_changed().unwrap());
    assert!(Arc::ptr_eq(&before, &db.0.loaded.load().city[0]));
    assert_eq!(db.0.loaded.load().city.len(), 2);
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
    let city = mmdb(4, vec![("81.2.69.0", 24, city_nested("London"))]);
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

#[test]
fn damaged_records_are_counted_and_the_table_answers_instead() {
    let mut bytes = mmdb(4, vec![("81.2.69.0", 24, city_nested("London"))]);
    let at = bytes
        .windows(4)
        .position(|window| window == b"city")
        .unwrap();
    bytes[at] = 0xff; // not UTF-8, and no such key
    let at = bytes
        .windows(6)
        .position(|window| window == b"London")
        .unwrap();
    bytes[at - 1] = 0; // an extended type, where a string should be
    let db = open(&[("city.mmdb", bytes)]);

    let geo = lookup(&db, "81.2.69.142").unwrap();
    assert_eq!(geo, built_in("GB", "United Kingdom", 53.76, -2.47));
    assert_eq!(db.status().databases[0].failed_lookups, 1);
}

#[test]
fn lookups_go_on_while_files_are_replaced() {
    let file = |city| mmdb(4, vec![("81.2.69.0", 24, city_nested(city))]);
    let (folder, sources) = data_dir(&[("city.mmdb", file("London"))]);
    let path = folder.path().join("city.mmdb");
    let db = GeoDb::open(&sources).unwrap();

    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            (0..20_000).all(|_| {
                let city = lookup(&db, "81.2.69.1").unwrap().city.unwrap();
                city == "London" || city == "Leeds"
            })
        });
        for round in 0..20 {
            let fresh: PathBuf = folder.path().join(".city.mmdb");
            write_dated(
                &fresh,
                &file(if round % 2 == 0 { "Leeds" } else { "London" }),
                round,
            );
            fs::rename(&fresh, &path).unwrap();
            assert!(db.reload_if_changed().unwrap());
        }
        assert!(reader.join().unwrap());
    });
}

#[test]
fn it_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<GeoDb>();
}
