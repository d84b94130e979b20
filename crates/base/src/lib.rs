//! Words every part of Watchpost shares: times, ids, severities, cursors.
//!
//! Nothing here does IO, knows a database or knows HTTP.

mod clock;
mod cursor;
mod event_id;
mod hex;
mod severity;
mod timestamp;

pub use clock::{Clock, MockClock};
pub use cursor::{Cursor, CursorError, Direction};
pub use event_id::{EventId, EventIds, IdMark, NODE_MAX};
pub use hex::hex;
pub use severity::{Severity, UnknownSeverity};
pub use timestamp::{Timestamp, TimestampError};
