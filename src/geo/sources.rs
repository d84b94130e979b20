//! Where database files are looked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::GeoError;
use super::status::DatabaseKind;

/// Databases of one kind that are read at most: each lies in memory whole.
const FILES_MAX: usize = 8;

/// Says where the operator's databases are. None is needed.
#[derive(Clone, Debug, Default)]
pub struct GeoSources {
    /// City database (`GEOIP_CITY_DB`): a file, or a folder holding files named `*city*.mmdb`.
    /// When set, the data directory is not searched for city databases.
    pub city_db: Option<PathBuf>,
    /// ASN database (`GEOIP_ASN_DB`): a file, or a folder holding files named `*asn*.mmdb`.
    /// When set, the data directory is not searched for ASN databases.
    pub asn_db: Option<PathBuf>,
    /// Folder searched for `*city*.mmdb` and `*asn*.mmdb`; it need not exist.
    pub data_dir: PathBuf,
}

impl GeoSources {
    /// The path an operator named for this kind of database.
    pub(super) fn configured(&self, kind: DatabaseKind) -> Option<&Path> {
        match kind {
            DatabaseKind::City => self.city_db.as_deref(),
            DatabaseKind::Asn => self.asn_db.as_deref(),
            DatabaseKind::Country => None,
        }
    }

    /// Lists the files to read, in order of name.
    ///
    /// # Errors
    /// [`GeoError::Directory`] if a folder cannot be listed; [`GeoError::Unusable`] if a folder
    /// that was named holds no such file, or a folder holds too many.
    pub(super) fn files(&self, kind: DatabaseKind) -> Result<Vec<PathBuf>, GeoError> {
        let Some(path) = self.configured(kind) else {
            return match list(&self.data_dir, kind) {
                Err(GeoError::Directory { reason, .. })
                    if reason.kind() == io::ErrorKind::NotFound =>
                {
                    Ok(Vec::new())
                }
                found => found,
            };
        };
        if !path.is_dir() {
            return Ok(vec![path.to_owned()]);
        }
        let files = list(path, kind)?;
        if files.is_empty() {
            let reason = format!("the folder holds no file named *{}*.mmdb", word(kind));
            return Err(GeoError::Unusable {
                path: path.to_owned(),
                reason,
            });
        }
        Ok(files)
    }
}

fn word(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::City => "city",
        DatabaseKind::Asn => "asn",
        DatabaseKind::Country => "country",
    }
}

fn list(folder: &Path, kind: DatabaseKind) -> Result<Vec<PathBuf>, GeoError> {
    let names = || -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let lower = name.to_string_lossy().to_ascii_lowercase();
            let stem = lower.strip_suffix(".mmdb").unwrap_or_default();
            // A leading dot marks files that are still being written.
            if stem.contains(word(kind)) && !stem.starts_with('.') {
                files.push(folder.join(name));
            }
        }
        files.sort_unstable();
        Ok(files)
    };
    let files = names().map_err(|reason| GeoError::Directory {
        path: folder.to_owned(),
        reason,
    })?;
    if files.len() > FILES_MAX {
        let reason = format!(
            "the folder holds {} files named *{}*.mmdb, at most {FILES_MAX} are read",
            files.len(),
            word(kind)
        );
        return Err(GeoError::Unusable {
            path: folder.to_owned(),
            reason,
        });
    }
    Ok(files)
}
