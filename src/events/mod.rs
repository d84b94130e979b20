//! The stored security event.

mod model;

pub use model::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, Event, NewEvent, SOURCE_NAME_MAX, TAG_MAX,
    TAGS_MAX,
};
