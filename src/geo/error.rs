//! What can go wrong with geographic data.

use std::io;
use std::path::PathBuf;

/// Says which geographic data could not be used, and why.
///
/// The message holds file and reason both, because it is shown alone on the system page. The
/// reason is therefore not repeated as `source()`.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// A database file could not be opened or read.
    #[error("cannot read GeoIP database '{}': {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        reason: io::Error,
    },
    /// A file was read but is no MMDB file, or is damaged, unfinished or too big.
    #[error("GeoIP database '{}' is not usable: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        reason: String,
    },
    /// A folder of databases could not be listed.
    #[error("cannot list GeoIP databases in '{}': {reason}", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// What the operating system answered.
        reason: io::Error,
    },
    /// The built-in country table does not decode: the program file itself is damaged.
    #[error("the built-in country table is damaged ({0}): install the program again")]
    Table(&'static str),
}
