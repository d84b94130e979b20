//! Blocks of events with a filter each: a search passes over those that cannot hold what it looks
//! for.
//!
//! A block is *claimed* first: a row says which ids it covers. Whoever writes an event within it,
//! new or changed, deletes that row in the same transaction, after the event ([`super::sql`]). Once
//! every transaction that was under way when the claim was committed has ended, its events are
//! read, and the filter is kept if the claim is still there. So there is never a filter that does
//! not know of an event it covers, whichever server wrote it and however long that took.
//!
//! A filter may know of events that are deleted since. Once none of its block is left, both go.

mod bloom;
mod empty;
mod gather;
mod leaves;
mod seal;
mod token;
mod wanted;
mod words;

pub(crate) use bloom::{SLICES, may_hold, slice_of};
pub(crate) use empty::drop_empty;
pub(crate) use gather::{Content, Filter};
pub use seal::{Sealing, seal};
pub(crate) use token::Token;
pub(crate) use wanted::groups;

/// Events of a block.
const BLOCK: i64 = 8_192;
/// Events of one of its parts: what a search looks at when the filter says that there may be
/// something.
const PART: usize = 256;
/// Parts of a block at the most: some more events may have come between than were counted.
const PARTS_MAX: usize = 48;
