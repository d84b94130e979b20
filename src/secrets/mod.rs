//! The server's key, and the keys derived from it.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};

/// Fewest bytes of a key.
const KEY_MIN: usize = 32;

/// Keys derived from the server's one secret; never shown, never logged.
pub struct Secrets {
    signing: [u8; 32],
    sealing: RandomizedNonceKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The key file cannot be read or made.
    #[error("cannot use the key file {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The library refused the key.
    #[error("the key cannot be used")]
    Unusable,
    /// What was sealed does not open with this key.
    #[error("sealed data does not open: it was changed, or SECRET_KEY was")]
    Sealed,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Derives the keys from the configured secret, or from `secret.key` in the folder, made
    /// with mode 0600 at the first start.
    ///
    /// # Errors
    /// [`SecretError::File`] when the file cannot be used, or others could read it.
    pub fn load(configured: &SecretString, folder: &Path) -> Result<Self, SecretError> {
        let configured = configured.expose_secret();
        if configured.is_empty() {
            Self::derive(&read_or_make(&folder.join("secret.key"))?)
        } else {
            Self::derive(configured.as_bytes())
        }
    }

    /// Derives the keys from a secret of at least 32 bytes.
    ///
    /// # Errors
    /// [`SecretError::Unusable`] when the library refuses.
    pub fn derive(secret: &[u8]) -> Result<Self, SecretError> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"watchpost").extract(secret);
        let key = |purpose: &[u8]| -> Result<[u8; 32], SecretError> {
            let purposes = [purpose];
            let okm = root
                .expand(&purposes, hkdf::HKDF_SHA256)
                .map_err(|_| SecretError::Unusable)?;
            let mut out = [0; 32];
            okm.fill(&mut out).map_err(|_| SecretError::Unusable)?;
            Ok(out)
        };
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, &key(b"sealing")?)
            .map_err(|_| SecretError::Unusable)?;
        Ok(Self {
            signing: key(b"signing")?,
            sealing,
        })
    }

    /// The key that signs access tokens.
    #[must_use]
    pub fn signing(&self) -> &[u8] {
        &self.signing
    }

    /// Encrypts for storage: nonce, then ciphertext with its tag (AES-256-GCM).
    ///
    /// # Errors
    /// [`SecretError::Unusable`] when the library refuses.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, SecretError> {
        let mut data = plain.to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(Aad::empty(), &mut data)
            .map_err(|_| SecretError::Unusable)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut data);
        Ok(sealed)
    }

    /// Decrypts what [`Secrets::seal`] made.
    ///
    /// # Errors
    /// [`SecretError::Sealed`] when it was changed or sealed with another key.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, SecretError> {
        let (nonce, data) = sealed
            .split_first_chunk::<12>()
            .ok_or(SecretError::Sealed)?;
        let mut data = data.to_vec();
        let plain = self
            .sealing
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::empty(),
                &mut data,
            )
            .map_err(|_| SecretError::Sealed)?;
        Ok(plain.to_vec())
    }
}

fn read_or_make(path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |reason: String| SecretError::File {
        path: path.to_owned(),
        reason,
    };
    match std::fs::read(path) {
        Ok(key) => {
            let mode = std::fs::metadata(path)
                .map_err(|error| failed(error.to_string()))?
                .permissions()
                .mode();
            if mode & 0o077 != 0 {
                return Err(failed(format!(
                    "others may read it; run chmod 600 {}",
                    path.display()
                )));
            }
            if key.len() < KEY_MIN {
                return Err(failed(format!("it holds fewer than {KEY_MIN} bytes")));
            }
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = base::hex(&rand::rng().random::<[u8; 32]>()).into_bytes();
            make(path, &key).map_err(|error| failed(error.to_string()))?;
            tracing::info!(path = ?path, "a signing key was made");
            // Another process may have been first: its key is the one that counts.
            std::fs::read(path).map_err(|error| failed(error.to_string()))
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Writes the key beside its place and gives it its name whole: a crash leaves no half of it.
fn make(path: &Path, key: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let suffix = base::hex(&rand::rng().random::<[u8; 8]>());
    let beside = path.with_extension(format!("key.{suffix}"));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(key)?;
    file.sync_all()?;
    let named = match std::fs::hard_link(&beside, path) {
        // Somebody else was first.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has hard links.
        Err(_) => std::fs::rename(&beside, path),
        Ok(()) => Ok(()),
    };
    // Gone already where it was renamed.
    drop(std::fs::remove_file(&beside));
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_unchanged_and_with_the_same_key() {
        let keys = Secrets::derive(&[1; 32]).unwrap();
        let mut sealed = keys.seal(b"answer").unwrap();
        assert_eq!(keys.open(&sealed).unwrap(), b"answer");
        assert!(Secrets::derive(&[2; 32]).unwrap().open(&sealed).is_err());
        sealed[14] ^= 1;
        assert!(keys.open(&sealed).is_err());
        assert!(keys.open(b"short").is_err());
    }

    #[test]
    fn the_key_file_is_private_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let none = SecretString::from("");
        let first = Secrets::load(&none, folder.path()).unwrap();
        let again = Secrets::load(&none, folder.path()).unwrap();
        assert_eq!(first.signing(), again.signing());
        let path = folder.path().join("secret.key");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            Secrets::load(&none, folder.path())
                .unwrap_err()
                .to_string()
                .contains("chmod 600")
        );
    }
}
