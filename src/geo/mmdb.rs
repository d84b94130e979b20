//! One database file in MMDB form, held in memory.
//!
//! The file is read whole instead of mapped: a mapped file that somebody truncates kills the
//! process, and mapping needs `unsafe`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use maxminddb::{MaxMindDbError, Reader};

use super::GeoError;
use super::record::Record;

/// The largest commercial city database known is below 1 GiB; this stops a wrong path.
const FILE_BYTES_MAX: u64 = 2 << 30;
/// Records tried out of each address family before a file is taken into use.
const PROBES: u32 = 64;

/// Tells one version of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stamp {
    modified: SystemTime,
    bytes: u64,
}

impl Stamp {
    /// # Errors
    /// [`GeoError`] if the file is not there, not readable, not a file or too big.
    pub(super) fn of(path: &Path) -> Result<Self, GeoError> {
        let metadata = fs::metadata(path).map_err(|reason| unreadable(path, reason))?;
        // Also keeps us from waiting on a named pipe.
        if !metadata.is_file() {
            return Err(unusable(path, "it is not a file"));
        }
        if metadata.len() > FILE_BYTES_MAX {
            return Err(unusable(path, "it is larger than 2 GiB"));
        }
        let modified = metadata
            .modified()
            .map_err(|reason| unreadable(path, reason))?;
        Ok(Self {
            modified,
            bytes: metadata.len(),
        })
    }
}

/// A database that has been read and tried out.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    reader: Reader<Vec<u8>>,
    failed_lookups: AtomicU64,
}

impl Database {
    /// Reads a file that had the given stamp a moment ago.
    ///
    /// # Errors
    /// [`GeoError::Unreadable`], or [`GeoError::Unusable`] if the file is no MMDB, is
    /// damaged where it was tried, or was changed while being read.
    pub(super) fn open(path: &Path, stamp: Stamp) -> Result<Self, GeoError> {
        let bytes = read(path, stamp.bytes).map_err(|reason| unreadable(path, reason))?;
        if Stamp::of(path)? != stamp || u64::try_from(bytes.len()).ok() != Some(stamp.bytes) {
            return Err(unusable(
                path,
                "it changed while it was read; it will be read again",
            ));
        }
        let reader = Reader::from_source(bytes).map_err(|reason| unusable(path, &reason))?;
        let database = Self {
            path: path.to_owned(),
            stamp,
            reader,
            failed_lookups: AtomicU64::new(0),
        };
        database.probe().map_err(|reason| unusable(path, &reason))?;
        Ok(database)
    }

    /// Finds the record of a public address; `None` too for an address family it does not hold.
    pub(super) fn record(&self, address: IpAddr) -> Option<Record<'_>> {
        self.try_record(address).unwrap_or_else(|_| {
            self.failed_lookups.fetch_add(1, Ordering::Relaxed);
            None
        })
    }

    fn try_record(&self, address: IpAddr) -> Result<Option<Record<'_>>, MaxMindDbError> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(None);
        }
        self.reader.lookup(address)?.decode()
    }

    /// Decodes records spread over the address space; a full check of 70 MB would take seconds.
    fn probe(&self) -> Result<(), MaxMindDbError> {
        for step in 0..PROBES {
            let spread = step * (u32::MAX / PROBES);
            self.try_record(Ipv4Addr::from_bits(spread).into())?;
            let spread = u128::from(0x2000_0000 | spread >> 3) << 96;
            self.try_record(Ipv6Addr::from_bits(spread).into())?;
        }
        Ok(())
    }

    /// What its maker calls it, such as `GeoLite2-City`.
    pub(super) fn database_type(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// Seconds since 1970 at which its maker built it.
    pub(super) fn build_epoch(&self) -> u64 {
        self.reader.metadata().build_epoch
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.stamp.bytes
    }

    /// Look-ups since it was read that met a damaged record.
    pub(super) fn failed_lookups(&self) -> u64 {
        self.failed_lookups.load(Ordering::Relaxed)
    }
}

fn read(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    content.try_reserve_exact(usize::try_from(bytes).map_err(io::Error::other)?)?;
    File::open(path)?
        .take(FILE_BYTES_MAX)
        .read_to_end(&mut content)?;
    Ok(content)
}

fn unreadable(path: &Path, reason: io::Error) -> GeoError {
    GeoError::Unreadable {
        path: path.to_owned(),
        reason,
    }
}

fn unusable(path: &Path, reason: &(impl ToString + ?Sized)) -> GeoError {
    GeoError::Unusable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_mmdb::{Mmdb, Value};
    use super::*;

    fn file() -> Vec<u8> {
        let record = |city| {
            Value::Map(vec![
                (
                    "city",
                    Value::Map(vec![("names", Value::Map(vec![("en", Value::Text(city))]))]),
                ),
                ("country", Value::Map(vec![("iso_code", Value::Text("GB"))])),
                (
                    "location",
                    Value::Map(vec![("latitude", Value::Double(51.5))]),
                ),
                (
                    "subdivisions",
                    Value::List(vec![Value::U32(1), Value::Bool(true)]),
                ),
            ])
        };
        let networks = vec![
            ("81.2.69.0", 24, record("London")),
            ("2a00:1450::", 32, record("Dublin")),
            ("2400::", 8, record("Sydney")),
        ];
        Mmdb {
            database_type: "City",
            build_epoch: 1,
            ip_version: 6,
            networks,
        }
        .bytes()
    }

    fn open(bytes: &[u8]) -> Result<Database, GeoError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        Database::open(file.path(), Stamp::of(file.path())?)
    }

    #[test]
    fn a_file_whose_records_are_damaged_where_it_is_tried_is_refused() {
        let mut bytes = file();
        let at = bytes
            .windows(6)
            .position(|window| window == b"Sydney")
            .unwrap();
        assert!(open(&bytes).is_ok());

        bytes[at - 1] = 0; // an extended type, where a string should be
        let message = open(&bytes).unwrap_err().to_string();
        assert!(
            message.contains("is not usable: invalid database"),
            "{message}"
        );
    }

    #[test]
    fn a_folder_is_no_database() {
        let folder = tempfile::tempdir().unwrap();
        let message = Stamp::of(folder.path()).unwrap_err().to_string();
        assert!(
            message.ends_with("is not usable: it is not a file"),
            "{message}"
        );
    }

    #[test]
    fn a_file_that_changed_since_its_stamp_was_taken_is_refused() {
        let file_on_disk = tempfile::NamedTempFile::new().unwrap();
        fs::write(file_on_disk.path(), file()).unwrap();
        let stamp = Stamp::of(file_on_disk.path()).unwrap();
        fs::write(file_on_disk.path(), [file(), file()].concat()).unwrap();
        let message = Database::open(file_on_disk.path(), stamp)
            .unwrap_err()
            .to_string();
        assert!(message.contains("changed while it was read"), "{message}");
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            host in any::<u8>(),
        ) {
            let mut bytes = file();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(database) = open(&bytes) {
                for address in [format!("81.2.69.{host}"), format!("2a00:1450::{host:x}")] {
                    let record = database.record(address.parse().unwrap()).unwrap_or_default();
                    let latitude = record.position().map(|(latitude, _)| latitude);
                    prop_assert!(latitude.is_none_or(|degrees| degrees.abs() <= 90.0));
                    prop_assert!(record.country_code().is_none_or(|code| code.len() == 2));
                }
            }
        }
    }
}
