//! Figures of the whole: how much is open, how fast people are, where it comes from.
//!
//! Everything comes from kept sums ([`crate::rollups`], `event_counts`, `alert_counts`) and from
//! the ends of indexes, so that the answer costs the same with ten million events as with ten.
//! Start reading at [`overview`].

pub mod api;
mod figures;
mod model;
mod range;
mod source_list;
mod sources;
mod sql;
mod stored;

pub use figures::{OverviewError, overview};
pub use model::{
    AlertBrief, AlertPoint, AtLeast, Bucket, OriginFigures, Overview, SourceFigures, Tally, Waits,
};
pub use range::{HOURS_MAX, Range, RangeError};
pub use source_list::{SourcePage, SourceState, sources};
pub use stored::{StoreFigures, store_figures};
