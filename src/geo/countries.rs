//! Names and map positions of countries.

use super::GeoError;

const EMBEDDED: &str = include_str!("../../assets/geo/countries.tsv");

/// A country or territory of ISO 3166-1, or Kosovo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2, in capitals.
    pub(super) code: &'static str,
    /// Short English name.
    pub(super) name: &'static str,
    /// Degrees north of a point in the middle of the largest part.
    pub(super) latitude: f64,
    /// Degrees east of that point.
    pub(super) longitude: f64,
}

/// All countries, in order of code.
#[derive(Debug)]
pub(super) struct Countries(Vec<Country>);

impl Countries {
    /// Reads the list that is built into the binary.
    ///
    /// # Errors
    /// [`GeoError::Table`] if a line is malformed, which the tests rule out for a sound binary.
    pub(super) fn embedded() -> Result<Self, GeoError> {
        Self::parse(EMBEDDED)
    }

    fn parse(text: &'static str) -> Result<Self, GeoError> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let countries: Option<Vec<_>> = lines.map(country).collect();
        let countries = countries.ok_or(GeoError::Table("a country line is malformed"))?;
        if !countries.is_sorted_by(|a, b| a.code < b.code) {
            return Err(GeoError::Table("the countries are out of order"));
        }
        Ok(Self(countries))
    }

    /// Finds a country by its code, which must be in capitals.
    pub(super) fn get(&self, code: &str) -> Option<&Country> {
        let at = self
            .0
            .binary_search_by(|country| country.code.cmp(code))
            .ok()?;
        self.0.get(at)
    }
}

/// Columns: code, number, name, latitude, longitude, origin.
fn country(line: &'static str) -> Option<Country> {
    let mut columns = line.split('\t');
    let code = columns.next().filter(|code| code.len() == 2)?;
    let name = columns.nth(1)?;
    let latitude = columns.next()?.parse().ok()?;
    let longitude = columns.next()?.parse().ok()?;
    columns.next()?;
    Some(Country {
        code,
        name,
        latitude,
        longitude,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_and_a_place_on_the_map() {
        let countries = Countries::embedded().unwrap();

        assert_eq!(countries.0.len(), 250, "249 of ISO 3166-1 and Kosovo");
        let mut names: Vec<_> = countries.0.iter().map(|country| country.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 250, "no name twice");
        for country in &countries.0 {
            assert!(
                country.code.bytes().all(|byte| byte.is_ascii_uppercase()),
                "{country:?}"
            );
            assert!(
                country.name.len() >= 4 && country.name.trim() == country.name,
                "{country:?}"
            );
            assert!(country.latitude.abs() <= 85.0, "{country:?}");
            assert!(country.longitude.abs() <= 180.0, "{country:?}");
            let is_gulf_of_guinea = country.latitude.abs() < 0.2 && country.longitude.abs() < 1.0;
            assert!(
                !is_gulf_of_guinea,
                "{country:?} has a position nobody entered"
            );
        }
    }

    #[test]
    fn positions_lie_inside_the_countries() {
        let countries = Countries::embedded().unwrap();
        // Bounds from a map, in whole degrees: south, north, west, east.
        for (code, south, north, west, east) in [
            ("AU", -39.0, -10.0, 113.0, 154.0),
            ("BR", -34.0, 5.0, -74.0, -34.0),
            ("CL", -56.0, -17.0, -76.0, -66.0),
            ("DE", 47.0, 55.0, 5.0, 16.0),
            ("FJ", -20.0, -15.0, 176.0, 180.0),
            ("FR", 42.0, 52.0, -5.0, 9.0),
            ("GB", 49.0, 61.0, -8.0, 2.0),
            ("HR", 42.0, 47.0, 13.0, 20.0),
            ("JP", 30.0, 46.0, 129.0, 146.0),
            ("NZ", -48.0, -34.0, 166.0, 179.0),
            ("RU", 50.0, 75.0, 40.0, 140.0),
            ("US", 30.0, 49.0, -120.0, -70.0),
            ("VN", 8.0, 24.0, 102.0, 110.0),
            ("XK", 41.0, 44.0, 20.0, 22.0),
            ("ZA", -35.0, -22.0, 16.0, 33.0),
        ] {
            let country = countries.get(code).unwrap();
            assert!((south..north).contains(&country.latitude), "{country:?}");
            assert!((west..east).contains(&country.longitude), "{country:?}");
        }
        assert_eq!(countries.get("AN"), None, "withdrawn from ISO 3166-1");
    }

    #[test]
    fn malformed_lists_are_refused() {
        for text in [
            "DE",
            "DE\t276\tGermany\tnorth\t10\thand",
            "DE\t276\tGermany\t50.1\t10.1",
            "",
        ] {
            let is_empty = Countries::parse(text).is_ok_and(|countries| countries.0.is_empty());
            assert_eq!(is_empty, text.is_empty(), "{text:?}");
        }
        let reversed = "FR\t250\tFrance\t46\t2\thand\nDE\t276\tGermany\t51\t10\thand";
        assert!(Countries::parse(reversed).is_err());
    }
}
