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

impl Geo {
    /// Describes an address that has no place.
    pub(super) fn labelled(label: &str) -> Self {
        Self {
            label: Some(label.to_owned()),
            ..Self::default()
        }
    }
}
