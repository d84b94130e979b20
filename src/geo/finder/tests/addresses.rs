//! Every address has a place or a label, also where there is no file.

use super::*;

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
fn it_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<GeoDb>();
}
