//! The place of an address, from the built-in table and from files that come and go.

mod addresses;
mod files;
mod records;
mod reload;

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::geo::test_mmdb::{Mmdb, Value};

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

/// A file that knows one city, at 81.2.69.0/24.
fn city_file(city: &'static str) -> Vec<u8> {
    mmdb(4, vec![("81.2.69.0", 24, city_nested(city))])
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

fn city_at(db: &GeoDb, address: &str) -> Option<String> {
    lookup(db, address).unwrap().city
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
