//! What is told about one address.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Tells where an IP address is and which network announces it.
///
/// Either `label` is set and nothing else is (an address that has no place), or `label` is null
/// and at least one other field is set. Fields that are not known are null. Names are cleaned of
/// control characters and at most 128 characters long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Geo {
    /// City in English. Only with a city database.
    #[schema(example = "Mountain View")]
    pub city: Option<String>,
    /// Country in English; the same name for a code whichever database found it.
    #[schema(example = "United States")]
    pub country: Option<String>,
    /// Country as ISO 3166-1 alpha-2 in capitals, or `XK` for Kosovo.
    #[schema(example = "US")]
    pub country_code: Option<String>,
    /// Degrees north, -90 to 90 (WGS 84); the middle of the country if the city is not known.
    #[schema(example = 37.422)]
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180 (WGS 84); set exactly when `latitude` is.
    #[schema(example = -122.085)]
    pub longitude: Option<f64>,
    /// Autonomous system number that announces the address. Only with an ASN database.
    #[schema(example = 15169)]
    pub asn: Option<u32>,
    /// Organisation that holds the autonomous system. Only with an ASN database.
    #[schema(example = "Google LLC")]
    pub as_org: Option<String>,
    /// What the address is instead of a place: `private`, `loopback`, `link-local`, `cgnat`,
    /// `documentation`, `benchmarking`, `multicast`, `broadcast`, `unspecified`, `anycast`,
    /// `nat64`, `teredo`, `6to4`, `discard` or `reserved`.
    #[schema(example = json!(null))]
    pub label: Option<String>,
}

/// A place written out once for every event that is there.
#[derive(Debug)]
pub struct Place {
    /// As it is answered.
    pub geo: Geo,
    /// As it is stored.
    pub json: Option<Box<str>>,
}

impl From<Geo> for Place {
    fn from(geo: Geo) -> Self {
        Self {
            json: geo.to_stored().map(String::into_boxed_str),
            geo,
        }
    }
}

impl Geo {
    /// Writes it for storage: JSON without what is not known, so that a row stays small.
    ///
    /// Reading it back gives the same value.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        #[derive(Serialize)]
        struct Known<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            city: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            country: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            country_code: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            latitude: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            longitude: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            asn: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            as_org: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            label: Option<&'a str>,
        }
        serde_json::to_string(&Known {
            city: self.city.as_deref(),
            country: self.country.as_deref(),
            country_code: self.country_code.as_deref(),
            latitude: self.latitude,
            longitude: self.longitude,
            asn: self.asn,
            as_org: self.as_org.as_deref(),
            label: self.label.as_deref(),
        })
        .ok()
    }

    /// Describes an address that has no place.
    pub(super) fn labelled(label: &str) -> Self {
        Self {
            label: Some(label.to_owned()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_reads_back_the_same() {
        let place = Geo {
            country: Some("Germany".to_owned()),
            country_code: Some("DE".to_owned()),
            latitude: Some(51.16),
            longitude: Some(10.45),
            ..Geo::default()
        };
        for geo in [place, Geo::labelled("private"), Geo::default()] {
            let stored = geo.to_stored().unwrap();
            assert!(!stored.contains("null"), "{stored}");
            assert_eq!(serde_json::from_str::<Geo>(&stored).unwrap(), geo);
        }
    }
}
