//! Records of every maker are read; what is odd or damaged in one hides nothing else.

use super::*;

/// The place of an address whose record in a file is this one.
fn place_of(record: Value) -> Option<Geo> {
    lookup(&open_with_record(record), "81.2.69.1")
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
    assert_eq!(place_of(floats), Some(london()));
    assert_eq!(place_of(words), Some(london()));

    let combined = Value::Map(vec![
        ("as_name", text("Example Ltd")),
        ("asn", text("AS64496")),
        ("country", text("United Kingdom")),
        ("country_code", text("GB")),
    ]);
    let geo = place_of(combined).unwrap();
    assert_eq!(geo.asn, Some(64496));
    assert_eq!(geo.as_org.as_deref(), Some("Example Ltd"));
    assert_eq!(geo.country.as_deref(), Some("United Kingdom"));
    assert_eq!(geo.latitude, Some(53.76), "the centre of the country");
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
    assert_eq!(place_of(odd), Some(expected.clone()));

    let off_the_globe = Value::Map(vec![
        ("country_code", text("GB")),
        ("latitude", Value::Double(90.5)),
        ("longitude", Value::Double(0.0)),
    ]);
    assert_eq!(place_of(off_the_globe), Some(expected));
}

#[test]
fn a_record_that_names_no_country_falls_back_to_the_built_in_table() {
    for code in ["ZZ", "xx", "-", "GBR", ""] {
        let record = Value::Map(vec![
            ("city", text("Atlantis")),
            ("country_code", text(code)),
        ]);
        let geo = place_of(record).unwrap();
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
    let geo = place_of(record).unwrap();
    assert_eq!(geo.country_code.as_deref(), Some("AN"));
    assert_eq!(geo.country.as_deref(), Some("Former Isles"));
    assert_eq!(geo.latitude, None);
}

#[test]
fn names_are_cleaned_and_bounded() {
    const LONG: &str = "x\u{0}é\u{7}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let record = Value::Map(vec![("city", text(LONG)), ("country_code", text("GB"))]);
    let city = place_of(record).unwrap().city.unwrap();
    assert!(city.starts_with("xéxx"), "{city:?}");
    assert_eq!(city.chars().count(), NAME_CHARS_MAX);
}

#[test]
fn damaged_records_are_counted_and_the_table_answers_instead() {
    let mut bytes = city_file("London");
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
