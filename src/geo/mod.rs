//! Where an address is: country, city, position and network, from local data only.
//!
//! A country table is built into the binary, so look-ups work at once and offline. City and
//! network databases in MMDB form are read when an operator supplies them and are taken up
//! again when they change. Nothing here opens a network connection, and nothing here knows events.
//! Start reading at [`GeoDb`]; `docs/geo.md` tells operators the same story.

mod countries;
mod error;
mod finder;
mod loaded;
mod mmdb;
mod place;
mod record;
mod reserved;
mod sources;
mod status;
mod table;
#[cfg(test)]
mod test_mmdb;

pub use error::GeoError;
pub use finder::GeoDb;
pub use place::{Geo, Place};
pub use sources::GeoSources;
pub use status::{Attribution, DatabaseKind, DatabaseStatus, GeoStatus};
