//! What people act on: alerts raised by severe events, and what is done about them.
//!
//! An alert is raised, follows and goes with its event in the event's own transaction
//! ([`raise`], [`follow_event`], [`withdraw`]). Its rules are in `lifecycle`; what people do in
//! `change`; how it is found in `list`, `filter` and `sql/list`. It knows no ingestion.

pub mod api;
mod at_source;
mod bulk;
pub mod bulk_api;
mod by_hand;
pub mod by_hand_api;
mod change;
mod enrichment;
mod error;
mod export;
mod facets;
pub mod figures_api;
mod filter;
mod fingerprint;
mod groups;
mod history;
mod lifecycle;
mod list;
mod model;
mod raise;
mod rollup;
mod similar;
mod sla;
mod sql;
mod stats;
#[cfg(test)]
mod tests;
mod undo;
mod withdraw;

pub use at_source::{Ended, ResolvedAtSource, hold, resolve_at_source, resolve_ended, unresolved};
pub use bulk::{
    BulkAction, BulkOutcome, BulkRequest, FailCode, Failed, ListFilter, UnknownAction, bulk, count,
};
pub use by_hand::{AlertByHand, ByHandError, raise_by_hand};
pub use change::{AlertChange, Assignee, Changed, change, comment};
pub use enrichment::{AddressFigures, DayCount, Enrichment, SourceFigures, enrichment};
pub use error::AlertError;
pub use export::{ExportFormat, UnknownFormat, export};
pub use facets::{FacetValue, FacetValues, Facets, facets};
pub use filter::{
    ALERT_FIELDS, AlertFilter, AnyOf, Assigned, FilterField, Ordering, SortKey, Test, Way,
};
pub use groups::{AlertGroup, GroupBy, Groups, Newest, UnknownGroupBy, groups};
pub use lifecycle::{Edit, Refusal};
pub use list::{Found, find, gathered, get, timeline};
pub use model::{
    Alert, AlertState, AlertStatus, Person, Resolution, TEXT_MAX, TimelineActor, TimelineEntry,
    TimelineKind, UnknownResolution, UnknownStatus,
};
pub use raise::{NewAlert, follow_event, gather, of_event, of_events, raise, title_of};
pub use similar::{Similar, SimilarAlert, similar};
pub use sla::{due, is_breached};
pub(crate) use stats::stats_in;
pub use stats::{AlertStats, BySeverity, ByStatus, stats};
pub use undo::{SkipCode, Skipped, UNDO_FOR, Undo, Undone, forget_undo, undo};
pub use withdraw::{Resolved, Withdrawn, withdraw};
