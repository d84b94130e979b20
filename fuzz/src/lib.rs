//! What every target does: read a body by a format, and see that each event keeps the limits.

use std::ops::ControlFlow;

use base::Timestamp;
use watchpost::adapters::{Body, Context, Format, Profile};
use watchpost::events::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};

/// Reads a body; panics when an event breaks a limit.
pub fn read(format: &Format, bytes: &[u8]) {
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::from_millis(1_800_000_000_000),
        bound: None,
        source: "fuzz",
        profile: &profile,
    };
    let body = Body { bytes, media: "" };
    // A body that cannot be read at all is an answer too.
    let _ = (format.read)(&body, &cx, &mut |read, _| {
        if let Ok(reading) = read {
            let event = reading.event;
            let within = |text: &str, max| {
                let length = text.chars().count();
                length >= 1 && length <= max && !text.contains('\0')
            };
            assert!(within(&event.source_name, SOURCE_NAME_MAX));
            assert!(within(&event.event_type, EVENT_TYPE_MAX));
            assert!(within(&event.description, DESCRIPTION_MAX));
            assert!(event.tags.len() <= TAGS_MAX);
            assert!(event.tags.iter().all(|tag| within(tag, TAG_MAX)));
            assert!(event.attributes.is_none_or(|raw| raw.get().len() <= ATTRIBUTES_MAX));
        }
        ControlFlow::Continue(())
    });
}
