//! What one record of an MMDB file says, whichever of the usual layouts it has.
//!
//! Nested, as `GeoLite2` and DB-IP's own files: `country.iso_code`, `country.names.en`,
//! `city.names.en`, `location.latitude`. Flat, as repackaged DB-IP and `IPinfo` files:
//! `country_code`, `city`, `latitude`, `lat`; numbers may be written as text. A field of an
//! unexpected kind counts as absent, so that one odd field does not hide the others.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A field: text, a number, a group of fields, or something we have no use for.
#[derive(Debug, Default)]
enum Field<'a, G = IgnoredAny> {
    #[default]
    Absent,
    Text(&'a str),
    Whole(u32),
    Real(f64),
    Group(G),
}

/// The fields we know, over all layouts. Those of one meaning stand together.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Record<'a> {
    country: Field<'a, Named<'a>>,
    registered_country: Field<'a, Named<'a>>,
    country_code: Field<'a>,
    country_name: Field<'a>,

    city: Field<'a, Named<'a>>,

    location: Field<'a, Location<'a>>,
    latitude: Field<'a>,
    longitude: Field<'a>,
    lat: Field<'a>,
    lng: Field<'a>,
    lon: Field<'a>,

    autonomous_system_number: Field<'a>,
    asn: Field<'a>,
    autonomous_system_organization: Field<'a>,
    as_name: Field<'a>,
    as_org: Field<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Named<'a> {
    iso_code: Field<'a>,
    names: Field<'a, Names<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Names<'a> {
    en: Field<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Location<'a> {
    latitude: Field<'a>,
    longitude: Field<'a>,
}

impl<'a> Record<'a> {
    /// Two letters in the case of the file; `None` for the marks of an unknown country.
    pub(super) fn country_code(&self) -> Option<&'a str> {
        let code = self.country_code.text();
        let code = code.or_else(|| self.country.group()?.iso_code.text());
        // Some flat files call the code "country"; others put the name there.
        let code = code.or_else(|| self.country.text().filter(|text| is_code(text)));
        let code = code.or_else(|| self.registered_country.group()?.iso_code.text());
        // ZZ and XX are codes that ISO 3166-1 leaves to users, who mark the unknown with them.
        code.filter(|code| {
            is_code(code) && !code.eq_ignore_ascii_case("ZZ") && !code.eq_ignore_ascii_case("XX")
        })
    }

    pub(super) fn country_name(&self) -> Option<&'a str> {
        let name = self.country_name.text();
        let name = name.or_else(|| self.country.group()?.english());
        let name = name.or_else(|| self.country.text().filter(|text| !is_code(text)));
        name.or_else(|| self.registered_country.group()?.english())
    }

    pub(super) fn city(&self) -> Option<&'a str> {
        self.city.text().or_else(|| self.city.group()?.english())
    }

    /// Latitude and longitude in degrees, if both are there and on the globe.
    pub(super) fn position(&self) -> Option<(f64, f64)> {
        let place = self.location.group();
        let latitude = place.and_then(|place| place.latitude.real());
        let latitude = latitude
            .or_else(|| self.latitude.real())
            .or_else(|| self.lat.real());
        let longitude = place.and_then(|place| place.longitude.real());
        let longitude = longitude.or_else(|| self.longitude.real());
        let longitude = longitude
            .or_else(|| self.lng.real())
            .or_else(|| self.lon.real());
        let (latitude, longitude) = (latitude?, longitude?);
        // NaN is in no range.
        let is_on_globe =
            (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_on_globe.then(|| (rounded(latitude), rounded(longitude)))
    }

    /// The AS number, from 1; 0 is reserved (RFC 7607) and stands for none in these files.
    pub(super) fn asn(&self) -> Option<u32> {
        let number = self
            .autonomous_system_number
            .whole()
            .or_else(|| self.asn.whole());
        number.filter(|number| *number > 0)
    }

    pub(super) fn as_org(&self) -> Option<&'a str> {
        let name = self.autonomous_system_organization.text();
        name.or_else(|| self.as_org.text())
            .or_else(|| self.as_name.text())
    }
}

impl<'a> Named<'a> {
    fn english(&self) -> Option<&'a str> {
        self.names.group()?.en.text()
    }
}

impl<'a, G> Field<'a, G> {
    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    fn group(&self) -> Option<&G> {
        match self {
            Self::Group(group) => Some(group),
            _ => None,
        }
    }

    fn real(&self) -> Option<f64> {
        match self {
            Self::Real(number) => Some(*number),
            Self::Whole(number) => Some(f64::from(*number)),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Also reads the notation `AS64496`.
    fn whole(&self) -> Option<u32> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Text(text) => {
                let text = text.trim();
                text.strip_prefix("AS").unwrap_or(text).parse().ok()
            }
            _ => None,
        }
    }
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Four decimals are 11 metres, far below what any such database knows; more is noise of `f32`.
fn rounded(degrees: f64) -> f64 {
    (degrees * 10_000.0).round() / 10_000.0
}

impl<'de: 'a, 'a, G: Deserialize<'de>> Deserialize<'de> for Field<'a, G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<'a, G>(PhantomData<Field<'a, G>>);

impl<'de: 'a, 'a, G: Deserialize<'de>> Visitor<'de> for FieldVisitor<'a, G> {
    type Value = Field<'a, G>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of a database record")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(u32::try_from(number).map_or(Field::Absent, Field::Whole))
    }

    fn visit_i32<E>(self, number: i32) -> Result<Self::Value, E> {
        Ok(u32::try_from(number).map_or_else(|_| Field::Real(f64::from(number)), Field::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Field::Real(number))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        G::deserialize(MapAccessDeserializer::new(map)).map(Field::Group)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Absent)
    }
}
