//! The stored security event: what it is, how it is kept, how it is found.
//!
//! Creating, changing and deleting events also concerns alerts and lives in `ingest`.

pub mod api;
mod model;
mod sql;
mod validate;

pub(crate) use api::{no_event, with_etag};
pub(crate) use model::Row;
pub use model::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, Event, EventFilter, NewEvent, SOURCE_NAME_MAX,
    TAG_MAX, TAGS_MAX,
};
pub use sql::{EVENT_COLUMNS, EVENT_COLUMNS_COUNT, EVENT_JOIN, read_event};
pub(crate) use sql::{count, delete, event_type_id, get, highest, insert, part, source_id, update};
pub use validate::{EventPatch, read_new};
