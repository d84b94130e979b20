//! The world map: the outline of the land, and where a place is on it.
//!
//! `scripts/make-world-map` makes the outline by the same formula and prints the points that the
//! tests hold. A map is drawn in [`WIDTH`] by [`HEIGHT`] units, `viewBox="0 0 1000 450"`.

/// Width of the map in units: the whole equator.
pub(super) const WIDTH: f64 = 1000.0;
/// Height of the map in units, from 84° north to about 60° south.
pub(super) const HEIGHT: f64 = 450.0;
/// The land without Antarctica, as the attribute `d` of one SVG path. Made with Natural Earth.
pub(super) const LAND: &str = include_str!("../../assets/dashboard/world.path");

/// Degrees east of the map's middle: its edge runs through the Bering Strait.
const MIDDLE: f64 = 11.0;
/// Degrees north of the map's upper edge.
const NORTH: f64 = 84.0;

/// Places degrees of latitude and longitude on the map, x from the left and y from the top.
///
/// The projection is Natural Earth (Patterson, 2007; polynomials by Šavrič and others, 2011).
/// What lies beyond the upper or lower edge, as Antarctica does, is put onto it; what is no finite
/// number, into the upper left corner.
pub(super) fn project(latitude: f64, longitude: f64) -> (f64, f64) {
    if !latitude.is_finite() || !longitude.is_finite() {
        return (0.0, 0.0);
    }
    let turned = (longitude - MIDDLE + 180.0).rem_euclid(360.0) - 180.0;
    let (half, _) = plane(0.0, 180.0);
    let scale = WIDTH / (2.0 * half);
    let (x, y) = plane(latitude.clamp(-90.0, 90.0), turned);
    let (_, top) = plane(NORTH, 0.0);
    (
        scale.mul_add(x, WIDTH / 2.0).clamp(0.0, WIDTH),
        (scale * (top - y)).clamp(0.0, HEIGHT),
    )
}

/// The projection itself, on a plane whose origin is the map's middle at the equator.
fn plane(latitude: f64, turned: f64) -> (f64, f64) {
    let phi = latitude.to_radians();
    let square = phi * phi;
    let fourth = square * square;
    let inner = -0.013_791 + fourth * (0.003_971 * square - 0.001_529 * fourth);
    let width = 0.870_700 - 0.131_979 * square + fourth * inner;
    let inner = -0.044_475 + 0.028_874 * square - 0.005_916 * fourth;
    let height = 1.007_226 + square * (0.015_085 + fourth * inner);
    (turned.to_radians() * width, phi * height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 0.001
    }

    #[test]
    fn places_are_where_the_outline_has_them() {
        // Printed by scripts/make-world-map.
        let places = [
            (0.0, 0.0, 469.444, 252.678),           // null island
            (51.5074, -0.1278, 473.162, 87.333),    // London
            (-0.1807, -78.4678, 251.479, 253.259),  // Quito
            (35.6762, 139.6503, 835.521, 137.599),  // Tokyo
            (-36.8485, 174.7633, 925.167, 371.539), // Auckland
            (64.7337, 177.5089, 864.730, 48.103),   // Anadyr
            (64.4235, -173.2258, 886.023, 48.982),  // Provideniya
            (61.2181, -149.9003, 137.406, 58.186),  // Anchorage
            (-54.8019, -68.303, 312.764, 428.107),  // Ushuaia
            (78.2232, 15.6267, 508.886, 12.419),    // Longyearbyen
        ];
        for (latitude, longitude, x, y) in places {
            let (found_x, found_y) = project(latitude, longitude);
            assert!(near(found_x, x) && near(found_y, y), "{found_x} {found_y}");
        }
    }

    #[test]
    fn every_place_is_on_the_map() {
        for latitude in -100..=100 {
            for longitude in -400..=400 {
                let (x, y) = project(f64::from(latitude), f64::from(longitude));
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y));
            }
        }
        let (x, y) = project(f64::NAN, f64::INFINITY);
        assert!(near(x, 0.0) && near(y, 0.0));
    }

    #[test]
    fn east_and_west_of_the_date_line_are_neighbours() {
        let ((west, _), (east, _)) = (project(66.0, 179.99), project(66.0, -179.99));
        assert!(west < east && east - west < 0.1);
    }

    #[test]
    fn the_outline_is_path_data_and_nothing_else() {
        assert!(LAND.len() < 25_000, "{} bytes", LAND.len());
        assert!(LAND.starts_with('M') && LAND.ends_with('z'));
        assert!(LAND.chars().all(|c| "Mlz-. 0123456789".contains(c)));
        assert!(LAND.matches('M').count() > 100);
    }
}
