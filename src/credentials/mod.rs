//! What the server keeps in memory about credentials: the queue before the password hash, keys
//! seen a moment ago, names that fail to sign in.
//!
//! All of it is bounded and may be lost at any time. It knows no database and no HTTP; `identity`
//! decides with it.

mod hashing;
mod keys;
mod names;
mod secret;

pub use hashing::{HashError, Hasher, Verified};
pub use keys::{KEY_LENGTH, KEY_PREFIX, KeyCache, KnownKey};
pub use names::{Failures, UnknownNames, delay};
pub use secret::Secret;

use crate::config::Settings;

/// The parts, one set per server.
#[derive(Debug)]
pub struct Credentials {
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Ingest keys seen a moment ago.
    pub keys: KeyCache,
    /// Names that belong to nobody and were tried.
    pub names: UnknownNames,
}

impl Credentials {
    /// As configured; nothing is remembered yet.
    #[must_use]
    pub fn new(config: &Settings) -> Self {
        Self {
            hasher: Hasher::new(config.password_hash_kib),
            keys: KeyCache::default(),
            names: UnknownNames::default(),
        }
    }
}
