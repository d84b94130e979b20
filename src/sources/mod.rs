//! Who reports: how administrators describe a source, what became of what it sent, and whether it
//! has gone silent.
//!
//! A source comes into being with its first event, or when somebody describes it. Start reading at
//! [`Sources`], which the way in asks for each sender.

pub mod api;
mod change;
mod counts;
mod dead_letters;
mod error;
mod flush;
mod letters;
pub mod letters_api;
mod list;
mod model;
mod preview;
mod rate;
mod registry;
mod rules;
mod silence;
mod sql;

pub use change::{change, create, delete};
pub use counts::{Counted, Counters, Counts, OTHERS, Outcome};
pub use dead_letters::{DeadLetter, DeadLetters, WAITING_MAX as LETTERS_WAITING_MAX};
pub use error::SourceError;
pub use flush::{COUNTS_DAYS, LETTERS_MAX, flush, forget_counts};
pub use letters::{LetterFilter, RejectedRecord, clear_letters, letter, letters};
pub use list::{CountsBy, SourceCounts, SpanCounts, UnknownSpan, counts, get, list, named, some};
pub use model::{Edit, NewSource, Source, SourceChange, SourceFilter, SourceKey, Tally};
pub use preview::{Preview, Previewed, PreviewedEvent, PreviewedRecord, preview};
pub use registry::{Settings, Sources};
pub use silence::{Turn, silence_over, silence_told, turns};
