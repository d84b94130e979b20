//! The way in: read → validate → enrich → store, raise and count in one transaction → answer.
//!
//! It stands above `events` and `alerts` because it is the step that joins them. Start reading
//! at [`Ingest`]; `Writer::store` in `pipeline` is the transaction.

mod account;
mod answers;
pub mod api;
pub mod change;
mod counts;
mod event_keys;
mod gather;
mod interned;
mod node;
mod pipeline;
mod places;
mod queue;
mod read;
mod receive;
pub mod receivers;
mod refusals;
mod silent;
mod storms;
pub mod syslog;
mod transaction_keys;
mod writer;

pub use account::count_stored;
pub(crate) use counts::{Counts, origin};
pub use event_keys::{EventKey, forget_old_keys};
pub use node::NodeLease;
pub use pipeline::{Batch, Prepared, Stored};
pub use queue::{Ingest, IngestError, Ingested};
pub use read::{BATCH_MAX, Content, LINE_MAX as EVENT_LINE_MAX, Take, read_batch};
pub use silent::tell_silence;
