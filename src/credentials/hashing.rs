//! Password hashes: Argon2id on blocking threads, behind a short queue.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
};
use tokio::sync::Semaphore;

use super::Secret;

/// Passes over the memory. OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
const PASSES: u32 = 2;
/// Hashes that may wait for a thread: at 20 ms each, what a client will wait for.
const WAITING_MAX: usize = 32;

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// The library or the stored hash failed: a defect.
    #[error("the password hash failed: {0}")]
    Failed(String),
}

/// What verifying a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is another password, or there is nothing to compare with.
    No,
    /// It is the password.
    Yes,
    /// It is the password; its hash was made at another cost and is to be made again.
    Outdated,
}

/// Hashes and verifies passwords; at most a core less than there are at once.
#[derive(Debug)]
pub struct Hasher {
    params: Params,
    places: Arc<Semaphore>,
    permits: Arc<Semaphore>,
}

impl Hasher {
    /// Hashes with the given memory, in KiB.
    #[must_use]
    pub fn new(memory_kib: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        // One core is left for everything else, ingestion above all.
        let permits = cores.saturating_sub(1).max(1);
        Self {
            params: Params::new(memory_kib, PASSES, 1, None).unwrap_or_default(),
            places: Arc::new(Semaphore::new(permits.saturating_add(WAITING_MAX))),
            permits: Arc::new(Semaphore::new(permits)),
        }
    }

    fn argon2(params: Params) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }

    /// Hashes a password with a fresh salt, as a PHC string.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] when the queue is full.
    pub async fn hash(&self, password: &Secret) -> Result<String, HashError> {
        let params = self.params.clone();
        let password = password.clone();
        self.run(move || {
            Self::argon2(params)
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(failed)
        })
        .await
    }

    /// Verifies a password; without a hash it takes as long and says [`Verified::No`].
    ///
    /// # Errors
    /// [`HashError::Overloaded`] when the queue is full.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: Option<&str>,
    ) -> Result<Verified, HashError> {
        let params = self.params.clone();
        let password = password.clone();
        let stored = stored.map(str::to_owned);
        self.run(move || {
            let bytes = password.expose().as_bytes();
            let Some(stored) = stored else {
                Self::argon2(params).hash_password(bytes).map_err(failed)?;
                return Ok(Verified::No);
            };
            let hash = PasswordHash::new(&stored).map_err(failed)?;
            match Self::argon2(params.clone()).verify_password(bytes, &hash) {
                Ok(()) => Ok(verified(&hash, &params)),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verified::No),
                Err(error) => Err(failed(error)),
            }
        })
        .await
    }

    /// Runs costly work about passwords on a blocking thread, in its turn.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] when the queue is full, or the work's own.
    pub async fn run<T, F>(&self, work: F) -> Result<T, HashError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, HashError> + Send + 'static,
    {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| HashError::Overloaded)?;
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(failed)?;
        tokio::task::spawn_blocking(move || {
            // Held to the end of the work, even when the client has gone meanwhile.
            let _held = (place, permit);
            work()
        })
        .await
        .map_err(failed)?
    }
}

fn verified(hash: &PasswordHash, params: &Params) -> Verified {
    let same = Params::try_from(hash)
        .is_ok_and(|made| (made.m_cost(), made.t_cost()) == (params.m_cost(), params.t_cost()));
    if same {
        Verified::Yes
    } else {
        Verified::Outdated
    }
}

fn failed(error: impl std::fmt::Display) -> HashError {
    HashError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_password_verifies() {
        let hasher = Hasher::new(64);
        let hash = hasher.hash(&secret("pässword")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        let verify = async |text, hash| hasher.verify(&secret(text), hash).await.unwrap();
        assert_eq!(verify("pässword", Some(&hash)).await, Verified::Yes);
        assert_eq!(verify("password", Some(&hash)).await, Verified::No);
        assert_eq!(verify("pässword", None).await, Verified::No);
        let costlier = Hasher::new(128);
        assert_eq!(
            costlier
                .verify(&secret("pässword"), Some(&hash))
                .await
                .unwrap(),
            Verified::Outdated
        );
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let hasher = Hasher::new(64);
        let all = u32::try_from(hasher.places.available_permits()).unwrap();
        let _taken = hasher.places.try_acquire_many(all).unwrap();
        assert!(matches!(
            hasher.hash(&secret("x")).await,
            Err(HashError::Overloaded)
        ));
    }
}
