//! The chain: each entry's hash covers the hash before it.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use store::{StoreError, Tx};

use super::model::AuditEntry;
use super::sql;

/// Entries read at a time while verifying.
const PART: i64 = 1_000;

/// SHA-256 over the hash before and the entry, each field with its length in front so that no
/// two entries have the same bytes.
pub(super) fn hash(previous: &[u8], entry: &AuditEntry) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut field = |bytes: &[u8]| {
        digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(bytes);
    };
    field(previous);
    field(&entry.seq.to_be_bytes());
    field(&entry.at.micros().to_be_bytes());
    for text in [
        &entry.actor_kind,
        &entry.actor,
        &entry.address,
        &entry.user_agent,
        &entry.request_id,
        &entry.action,
    ] {
        field(text.as_bytes());
    }
    // An absent value has no byte 1 in front, so it differs from an empty one.
    let mut optional = |text: Option<String>| match text {
        Some(text) => field(&[&[1], text.as_bytes()].concat()),
        None => field(&[]),
    };
    optional(entry.actor_id.map(|id| id.to_string()));
    optional(entry.object_kind.clone());
    optional(entry.object_id.clone());
    optional(entry.before.as_ref().map(|json| json.get().to_owned()));
    optional(entry.after.as_ref().map(|json| json.get().to_owned()));
    digest.finalize().into()
}

/// What verifying the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Verification {
    /// Whether every entry is as it was written, and none is missing.
    pub intact: bool,
    /// How many entries were found in order.
    #[schema(example = 1042)]
    pub entries: i64,
    /// The first entry that is broken or missing.
    pub broken_at: Option<i64>,
    /// What is wrong with it.
    pub reason: Option<String>,
    /// The hash of the last entry, in hexadecimal: note it elsewhere to prove the chain later.
    pub head: String,
}

/// One part of the chain as verifying goes along it.
pub(crate) struct Walk {
    seq: i64,
    hash: Vec<u8>,
}

impl Walk {
    pub(crate) fn start() -> Self {
        Self {
            seq: 0,
            hash: vec![0; 32],
        }
    }

    /// Reads the next part; `Some` when the walk has ended.
    pub(crate) fn step(&mut self, tx: &mut Tx<'_>) -> Result<Option<Verification>, StoreError> {
        let part = sql::part(tx, self.seq, PART)?;
        let ended = i64::try_from(part.len()).unwrap_or(PART) < PART;
        for (entry, previous, stored) in part {
            let expected = self.seq.saturating_add(1);
            if entry.seq != expected {
                return Ok(Some(self.broken(expected, "the entry is missing")));
            }
            if previous != self.hash {
                return Ok(Some(
                    self.broken(expected, "it does not follow the entry before"),
                ));
            }
            if hash(&previous, &entry).as_slice() != stored.as_slice() {
                return Ok(Some(self.broken(expected, "its content was changed")));
            }
            self.seq = expected;
            self.hash = stored;
        }
        if !ended {
            return Ok(None);
        }
        let (seq, head) = sql::head(tx)?;
        if seq > self.seq {
            return Ok(Some(
                self.broken(self.seq.saturating_add(1), "the entry is missing"),
            ));
        }
        if seq < self.seq || head != self.hash {
            return Ok(Some(
                self.broken(self.seq, "the chain's end does not match"),
            ));
        }
        Ok(Some(Verification {
            intact: true,
            broken_at: None,
            reason: None,
            ..self.so_far()
        }))
    }

    fn so_far(&self) -> Verification {
        Verification {
            intact: false,
            entries: self.seq,
            broken_at: None,
            reason: None,
            head: base::hex(&self.hash),
        }
    }

    fn broken(&self, at: i64, reason: &str) -> Verification {
        Verification {
            broken_at: Some(at),
            reason: Some(reason.to_owned()),
            ..self.so_far()
        }
    }
}

/// Walks the whole chain, in parts, so that no read is long.
///
/// # Errors
/// The database's fault.
pub async fn verify(store: &store::Store) -> Result<Verification, StoreError> {
    let mut walk = Walk::start();
    loop {
        let (state, result) = store
            .read(move |tx| {
                let result = walk.step(tx)?;
                Ok::<_, StoreError>((walk, result))
            })
            .await?;
        walk = state;
        if let Some(result) = result {
            return Ok(result);
        }
    }
}
