//! The stored security event: what it is, how it is kept, how it is found.
//!
//! Creating, changing and deleting events also concerns alerts and lives in `ingest`.

pub mod api;
mod around;
mod blocks;
mod export;
mod fields;
pub mod figures_api;
mod filter;
mod histogram;
mod list;
mod model;
mod packed;
mod sql;
mod validate;

pub(crate) use api::no_event;
pub use around::{Around, Neighbour, around};
pub(crate) use blocks::drop_empty as drop_empty_blocks;
pub use blocks::{Sealing, seal};
pub use export::export;
pub(crate) use export::{CSV_HEADER, csv_row};
pub use fields::{Field, Fields, ValueCount, fields};
pub use filter::EVENT_FIELDS;
pub use histogram::{Bucket, Histogram, SeverityCounts, histogram};
pub use list::{Listed, list, oldest, show};
pub(crate) use model::Row;
pub use model::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, Event, EventAnyOf, EventFilter, EventTest,
    NewEvent, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX, TIMES,
};
pub use packed::PackedEvent;
pub(crate) use sql::text_in;
pub use sql::{EVENT_ALERT, EVENT_COLUMNS, EVENT_JOIN, read_event};
pub(crate) use sql::{
    condition, count, delete, empty_object, event_type_id, gathered, get, highest, insert, is_any,
    part, source_id, update,
};
pub use validate::{EventPatch, read_new, read_packed};
