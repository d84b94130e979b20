use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::collection::btree_map;
use proptest::prelude::*;

use super::*;

/// Address at which a country begins → 0 for none, else one more than an index into [`CODES`].
type Boundaries = std::collections::BTreeMap<u64, u8>;

const CODES: [&str; 3] = ["DE", "FR", "US"];

fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

fn write_ranges(body: &mut Vec<u8>, boundaries: &Boundaries) {
    let starts: Vec<_> = boundaries.keys().collect();
    let distances: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    body.extend(
        distances
            .iter()
            .map(|distance| u8::try_from(distance.trailing_zeros()).unwrap()),
    );
    body.extend(boundaries.values());
    for distance in &distances {
        write_varint(body, distance >> distance.trailing_zeros() >> 1);
    }
}

fn pack(header: &str, body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(header.as_bytes().to_vec(), Compression::new(6));
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn write_table(v4: &Boundaries, v6: &Boundaries) -> Vec<u8> {
    let mut body = Vec::new();
    write_ranges(&mut body, v4);
    write_ranges(&mut body, v6);
    let header = format!(
        "{FORMAT}\npackage: test 1\nbuilt: 2026-01-02\nbody: {}\nipv4: {}\nipv6: {}\ncodes: {}\n\n",
        body.len(),
        v4.len(),
        v6.len(),
        CODES.join(" ")
    );
    pack(&header, &body)
}

/// The slow way: walk over all boundaries and keep the last that is not after the address.
fn scan(boundaries: &Boundaries, address: u64) -> Option<&'static str> {
    let number = boundaries.iter().rfind(|(start, _)| **start <= address)?.1;
    CODES.get(usize::from(*number).checked_sub(1)?).copied()
}

fn decode(file: &[u8]) -> Result<CountryTable, GeoError> {
    CountryTable::decode(file, &Countries::embedded().unwrap())
}

fn code_v4(table: &CountryTable, address: u32) -> Option<&'static str> {
    table
        .country(Ipv4Addr::from_bits(address).into())
        .map(|country| country.code)
}

fn code_v6(table: &CountryTable, upper: u64) -> Option<&'static str> {
    table
        .country(Ipv6Addr::from_bits(u128::from(upper) << 64 | 7).into())
        .map(|c| c.code)
}

fn boundaries(last: u64) -> impl Strategy<Value = Boundaries> {
    // Powers of two and their sums are what real tables are made of; any number must work too.
    let start = prop_oneof![
        0..=last,
        (0_u32..64, 0_u64..64).prop_map(move |(shift, n)| (n << shift.min(58)).min(last)),
    ];
    btree_map(start, 0_u8..=3, 0..40).prop_map(|mut map| {
        map.entry(0).or_insert(0);
        map
    })
}

proptest! {
    #[test]
    fn lookups_equal_a_scan_of_all_ranges(
        v4 in boundaries(u64::from(u32::MAX)),
        v6 in boundaries(u64::MAX),
        addresses in prop::collection::vec(any::<u64>(), 20),
    ) {
        let table = decode(&write_table(&v4, &v6)).unwrap();

        let near = |map: &Boundaries| -> Vec<u64> {
            let starts = map.keys();
            starts.flat_map(|s| [s.saturating_sub(1), *s, s.saturating_add(1)]).collect()
        };
        for address in addresses.iter().map(|a| a >> 32).chain(near(&v4)).chain([0]) {
            let Ok(short) = u32::try_from(address) else { continue };
            prop_assert_eq!(code_v4(&table, short), scan(&v4, address), "{}", short);
        }
        for address in addresses.iter().copied().chain(near(&v6)).chain([0, u64::MAX]) {
            prop_assert_eq!(code_v6(&table, address), scan(&v6, address), "{}", address);
        }
    }

    #[test]
    fn a_cut_table_is_refused(
        v4 in boundaries(u64::from(u32::MAX)),
        v6 in boundaries(u64::MAX),
        part in 0.0..1.0_f64,
    ) {
        let file = write_table(&v4, &v6);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4096")]
        let kept = (f64::from(u32::try_from(file.len()).unwrap()) * part) as usize;

        prop_assert!(decode(&file[..kept]).is_err());
    }

    #[test]
    fn an_altered_packed_part_never_changes_an_answer(
        v4 in boundaries(u64::from(u32::MAX)),
        v6 in boundaries(u64::MAX),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..=255,
    ) {
        let mut file = write_table(&v4, &v6);
        let packed = split_header(&file).unwrap().1.len();
        let at = file.len() - 1 - at.index(packed);
        file[at] ^= flip;

        // A few bits of a deflate stream mean nothing; all others must fail its checksum.
        if let Ok(table) = decode(&file) {
            for address in v4.keys() {
                let short = u32::try_from(*address).unwrap();
                prop_assert_eq!(code_v4(&table, short), scan(&v4, *address));
            }
        }
    }

    #[test]
    fn any_bytes_at_all_are_read_or_refused_without_a_panic(
        v4 in boundaries(u64::from(u32::MAX)),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        body in prop::collection::vec(any::<u8>(), 0..200),
        (len_v4, len_v6) in (0_usize..120, 0_usize..120),
    ) {
        let mut file = write_table(&v4, &v4);
        let at = at.index(file.len());
        file[at] = byte;
        drop(decode(&file));

        // A body with a right checksum and a header that fits it, but nonsense inside.
        let header = format!(
            "{FORMAT}\npackage: x\nbuilt: x\nbody: {}\nipv4: {len_v4}\nipv6: {len_v6}\ncodes: DE\n\n",
            body.len()
        );
        if let Ok(table) = decode(&pack(&header, &body)) {
            prop_assert!(table.v4.starts.is_sorted_by(|a, b| a < b));
            prop_assert!(table.v6.starts.is_sorted_by(|a, b| a < b));
            code_v4(&table, u32::MAX);
            code_v6(&table, u64::MAX);
        }
    }
}

#[test]
fn headers_that_do_not_fit_are_refused() {
    let map = Boundaries::from([(0, 0), (16, 1)]);
    let file = write_table(&map, &map);
    let packed = split_header(&file).unwrap().1;
    let header = format!(
        "{FORMAT}\npackage: t\nbuilt: d\nbody: 8\nipv4: 2\nipv6: 2\ncodes: {}\n\n",
        CODES.join(" ")
    );
    let with = |from: &str, to: &str| {
        assert!(header.contains(from));
        decode(&[header.replacen(from, to, 1).as_bytes(), packed].concat())
    };

    assert!(
        with("built: d", "built: e").is_ok(),
        "the header as such is right"
    );
    for (from, to) in [
        ("ranges 1", "ranges 2"),
        ("built: d\n", ""),
        ("package: t\n", ""),
        ("body: 8", "body: 7"),
        ("body: 8", "body: 9"),
        ("body: 8", "body: 99999999999999999999"),
        ("body: 8", "body: 17000000"),
        ("ipv4: 2", "ipv4: 0"),
        ("ipv4: 2", "ipv4: 1"),
        ("ipv6: 2", "ipv6: -2"),
        ("codes: DE FR US", "codes: "),
        ("codes: DE", "codes: AN"),
        ("\n\n", "\n"),
    ] {
        assert!(with(from, to).is_err(), "{from:?} -> {to:?}");
    }
    assert!(decode(b"").is_err());
}

#[test]
fn numbers_too_large_for_an_address_are_refused() {
    let map = Boundaries::from([(0, 0), (1 << 32, 1)]);
    let v6 = Boundaries::from([(0, 0)]);
    assert!(
        decode(&write_table(&map, &v6)).is_err(),
        "beyond the last IPv4 address"
    );

    let mut eleven_bytes: &[u8] = &[0x80; 11];
    assert_eq!(varint(&mut eleven_bytes), None);
    let mut seventy_bits: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert_eq!(varint(&mut seventy_bits), None);
    let mut greatest = Vec::new();
    write_varint(&mut greatest, u64::MAX);
    assert_eq!(varint(&mut greatest.as_slice()), Some(u64::MAX));
}

#[test]
fn the_embedded_table_knows_well_known_addresses() {
    let table = decode(EMBEDDED).unwrap();

    for (address, code) in [
        ("8.8.8.8", "US"),
        ("1.1.1.1", "AU"),
        ("81.2.69.142", "GB"),
        ("193.0.6.139", "NL"),
        ("200.160.2.3", "BR"),
        ("2001:4860:4860::8888", "US"),
        ("2001:67c:2e8:22::c100:68b", "NL"),
    ] {
        let country = table.country(address.parse().unwrap()).unwrap();
        assert_eq!(country.code, code, "{address}");
    }
    assert!(table.countries.len() >= 240);
    assert!(table.v4.starts.len() > 200_000 && table.v6.starts.len() > 100_000);
    assert_eq!(table.built.len(), "2026-06-17".len());
    assert!(table.package.contains("geo-whois-asn-country"));
    assert!(EMBEDDED.len() <= 1_500_000, "the table swells the binary");
}
