//! Who reports: how administrators describe a source, what became of what it sent, and whether it
//! has gone silent.
//!
//! A source comes into being with its first event, or when somebody describes it. Start reading at
//! [`Sources`], which the way in asks for each sender.

mod counts;
mod dead_letters;
mod registry;

pub use counts::{Counted, Counters, OTHERS, Outcome};
pub use dead_letters::{DeadLetter, DeadLetters};
pub use registry::{Settings, Sources};
