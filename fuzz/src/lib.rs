//! What every target does: read a body by a format, and see that each event keeps the limits.

use std::ops::ControlFlow;

use base::{Severity, Timestamp};
use watchpost::adapters::{Body, Context, Format, Profile};
use watchpost::events::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};

/// Media types that are read in different ways; the first is that of most senders.
const MEDIA: [&str; 6] = [
    "",
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/x-protobuf",
    "application/x-ndjson",
];
/// Fields a profile may map, and where they may be found.
const MAPPED: [(&str, &str); 8] = [
    ("severity", "/severity"),
    ("event_type", "/event_type"),
    ("description", "/message"),
    ("ip_address", "/src_ip"),
    ("occurred_at", "/timestamp"),
    ("key", "/id"),
    ("user.name", "/event/0/name"),
    ("source.ip", ""),
];

/// What administrators may have said of the source: one bit a field that is mapped, and with any of
/// them the rest.
fn profile(choice: u8) -> Profile {
    let mut profile = Profile::default();
    if choice == 0 {
        return profile;
    }
    for (bit, (field, pointer)) in MAPPED.iter().enumerate() {
        if choice >> bit & 1 == 1 {
            let pointer = pointer.parse().expect("a pointer");
            profile.mapping.insert((*field).to_owned(), pointer);
        }
    }
    profile.default_type = Some("fuzzed".to_owned());
    profile.default_severity = Some(Severity::Low);
    profile.highest_severity = Some(Severity::High);
    profile.severities.insert("1".to_owned(), Severity::Critical);
    profile.labels.insert("site".to_owned(), "x".to_owned());
    profile
}

/// Reads a body, of which the first two bytes choose the media type and the source's profile;
/// panics when an event breaks a limit.
pub fn read(format: &Format, bytes: &[u8]) {
    let (media, choice, bytes) = match bytes {
        [media, choice, rest @ ..] => (usize::from(*media), *choice, rest),
        _ => (0, 0, bytes),
    };
    let profile = profile(choice);
    let cx = Context {
        now: Timestamp::from_millis(1_800_000_000_000),
        bound: None,
        source: "fuzz",
        profile: &profile,
    };
    let body = Body {
        bytes,
        media: MEDIA[media % MEDIA.len()],
    };
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
