//! The set of database files in use, and how it follows the files on disk.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::GeoError;
use super::mmdb::{Database, Stamp};
use super::sources::GeoSources;
use super::status::DatabaseKind;

/// The files in use, each list in the order in which it is asked: newest data first.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) city: Vec<Arc<Database>>,
    pub(super) asn: Vec<Arc<Database>>,
    failures: Vec<Failure>,
}

/// What could not be used.
#[derive(Clone, Debug)]
struct Failure {
    path: PathBuf,
    /// The version of the file that was read in vain; `None` if it could not be read at all.
    stamp: Option<Stamp>,
    message: String,
}

/// An error met while loading, and whether the operator named that path in the settings.
pub(super) struct LoadError {
    pub(super) error: GeoError,
    pub(super) is_configured: bool,
}

impl Loaded {
    /// Whether no file is in use.
    pub(super) const fn is_empty(&self) -> bool {
        self.city.is_empty() && self.asn.is_empty()
    }

    /// Reads what is new or changed; keeps what has not changed, and what was replaced by
    /// something unusable.
    ///
    /// A version of a file that turned out unusable is reported once and not read again.
    pub(super) fn refreshed(&self, sources: &GeoSources) -> (Self, Vec<LoadError>) {
        let mut next = Self::default();
        let mut errors = Vec::new();
        for kind in [DatabaseKind::City, DatabaseKind::Asn] {
            let before = self.of(kind);
            let (databases, met) = match sources.files(kind) {
                Ok(paths) => self.refreshed_files(before, &paths, &mut next.failures),
                Err(error) => {
                    next.failures.push(Failure {
                        path: PathBuf::new(),
                        stamp: None,
                        message: error.to_string(),
                    });
                    (before.to_vec(), vec![error])
                }
            };
            let is_configured = sources.configured(kind).is_some();
            errors.extend(met.into_iter().map(|error| LoadError {
                error,
                is_configured,
            }));
            match kind {
                DatabaseKind::Asn => next.asn = databases,
                _ => next.city = databases,
            }
        }
        (next, errors)
    }

    fn refreshed_files(
        &self,
        before: &[Arc<Database>],
        paths: &[PathBuf],
        failures: &mut Vec<Failure>,
    ) -> (Vec<Arc<Database>>, Vec<GeoError>) {
        let mut databases = Vec::new();
        let mut errors = Vec::new();
        for path in paths {
            let kept = before.iter().find(|database| database.path == *path);
            let stamp = Stamp::of(path);
            let seen = stamp.as_ref().ok().copied();
            if let Some(kept) = kept.filter(|kept| Some(kept.stamp) == seen) {
                databases.push(Arc::clone(kept));
                continue;
            }
            if let Some(failure) = self.failure(path, seen) {
                failures.push(failure.clone());
                databases.extend(kept.cloned());
                continue;
            }
            match stamp.and_then(|stamp| Database::open(path, stamp)) {
                Ok(database) => databases.push(Arc::new(database)),
                Err(error) => {
                    let is_content = matches!(error, GeoError::Unusable { .. });
                    failures.push(Failure {
                        path: path.clone(),
                        stamp: seen.filter(|_| is_content),
                        message: error.to_string(),
                    });
                    errors.push(error);
                    databases.extend(kept.cloned());
                }
            }
        }
        databases.sort_by_key(|database| Reverse(database.build_epoch()));
        (databases, errors)
    }

    /// The failure that this very version of the file has met before.
    fn failure(&self, path: &Path, seen: Option<Stamp>) -> Option<&Failure> {
        let seen = seen?;
        self.failures
            .iter()
            .find(|failure| failure.path == path && failure.stamp == Some(seen))
    }

    fn of(&self, kind: DatabaseKind) -> &[Arc<Database>] {
        match kind {
            DatabaseKind::Asn => &self.asn,
            _ => &self.city,
        }
    }

    /// Tells whether exactly the same versions of the same files are in use.
    pub(super) fn uses_the_same_files(&self, other: &Self) -> bool {
        let is_same = |a: &[Arc<Database>], b: &[Arc<Database>]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        is_same(&self.city, &other.city) && is_same(&self.asn, &other.asn)
    }

    /// Lists the files in use in the order in which they are asked.
    pub(super) fn databases(&self) -> impl Iterator<Item = (DatabaseKind, &Database)> {
        let city = self
            .city
            .iter()
            .map(|database| (DatabaseKind::City, database.as_ref()));
        let asn = self
            .asn
            .iter()
            .map(|database| (DatabaseKind::Asn, database.as_ref()));
        city.chain(asn)
    }

    /// Says in words what could not be used.
    pub(super) fn problems(&self) -> Vec<String> {
        self.failures
            .iter()
            .map(|failure| failure.message.clone())
            .collect()
    }
}
