//! From a body to events: one object, an array, or NDJSON; the good lines and the bad ones.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::adapters::{Elements, line_end};
use crate::events::{PackedEvent, read_packed};
use crate::http::{FieldErrors, MediaType, Problem};

/// Most events of one request.
pub const BATCH_MAX: usize = 10_000;
/// Longest line or element, in bytes: 256 KiB.
pub const LINE_MAX: usize = 256 * 1024;
/// Bytes an event has that is rather short, by which the room for a batch is reckoned.
const USUAL_LENGTH: usize = 256;
/// Refused lines that are described; all are counted.
const DESCRIBED_MAX: usize = 1_000;

/// Lines that were refused.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Rejected {
    /// How many.
    pub count: usize,
    /// The first thousand of them.
    pub errors: Vec<LineError>,
}

/// What is wrong with one line.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LineError {
    /// Its place in the batch, from 0; blank lines of NDJSON count.
    pub index: usize,
    /// For each field what is wrong and what is allowed.
    #[schema(value_type = std::collections::HashMap<String, Vec<String>>)]
    #[serde(serialize_with = "shared")]
    pub errors: Arc<FieldErrors>,
}

/// Serde writes what is shared only with a feature that reads it into copies.
fn shared<S: Serializer>(errors: &FieldErrors, serializer: S) -> Result<S::Ok, S::Error> {
    errors.serialize(serializer)
}

impl Rejected {
    /// Notes a refused line.
    pub(super) fn push(&mut self, index: usize, errors: Arc<FieldErrors>) {
        self.count = self.count.saturating_add(1);
        if self.errors.len() < DESCRIBED_MAX {
            self.errors.push(LineError { index, errors });
        }
    }
}

/// What a body holds, each event in the form its reader gave it.
#[derive(Debug)]
pub enum Content<T> {
    /// One event.
    Single(Box<T>),
    /// A batch: the good ones in order, and the refused.
    Batch(Vec<T>, Rejected),
}

/// Takes what is read: each event, and each line that is refused.
pub trait Take<T> {
    /// Takes an event, or refuses it as well.
    ///
    /// # Errors
    /// What is wrong with it.
    fn event(&mut self, event: PackedEvent) -> Result<T, FieldErrors>;

    /// Hears of a refused line: its place in the batch, what is wrong, and its bytes.
    fn refused(&mut self, index: usize, errors: &FieldErrors, line: &[u8]);
}

/// Reads a body of events and hands each to `take`, which may refuse it as well.
///
/// # Errors
/// 400 when it holds one event that is not valid, is no JSON, or holds nothing; 413 when it
/// holds too many.
pub fn read_batch<T>(
    bytes: &[u8],
    media: MediaType,
    take: &mut impl Take<T>,
) -> Result<Content<T>, Problem> {
    match media {
        MediaType::NdJson => {
            let lines = Lines { rest: Some(bytes) }.enumerate();
            let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
            collect(bytes.len(), lines, take)
        }
        MediaType::Json if bytes.trim_ascii_start().first() == Some(&b'[') => {
            let elements: Elements<'_, BATCH_MAX> = serde_json::from_slice(bytes)
                .map_err(|error| Problem::malformed(format!("not JSON: {error}")))?;
            let elements = elements.all().ok_or_else(too_many)?;
            let lines = elements.iter().map(|raw| raw.get().as_bytes());
            collect(bytes.len(), lines.enumerate(), take)
        }
        MediaType::Json => {
            let read = read_line(bytes);
            let documents = read.as_ref().err().and_then(|_| documents(bytes));
            match documents {
                Some(documents) => collect(bytes.len(), documents.into_iter().enumerate(), take),
                None => match read.and_then(|event| take.event(event)) {
                    Ok(event) => Ok(Content::Single(Box::new(event))),
                    Err(errors) => {
                        take.refused(0, &errors, bytes);
                        Err(Problem::validation(errors))
                    }
                },
            }
        }
    }
}

/// The lines of a body, each without its end.
struct Lines<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (line, after) = rest.split_at_checked(line_end(rest))?;
        self.rest = after.get(1..);
        Some(line)
    }
}

/// The documents of a body that holds more than one object, one behind the other: NDJSON under
/// the wrong name, or no line ends at all. `None` for anything else.
fn documents(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    stream.next()?.ok()?;
    let rest = bytes.get(stream.byte_offset()..)?.trim_ascii_start();
    if rest.first() != Some(&b'{') {
        return None;
    }
    let documents = crate::adapters::documents(bytes).ok()?;
    let documents = documents.map(|it| it.unwrap_or_else(|bad| bad.bytes));
    // One more than there may be, which says that there are too many.
    Some(documents.take(BATCH_MAX.saturating_add(1)).collect())
}

fn too_many() -> Problem {
    Problem::too_large(format!(
        "a batch has at most {BATCH_MAX} events; nothing was stored"
    ))
}

fn read_line(line: &[u8]) -> Result<PackedEvent, FieldErrors> {
    if line.len() > LINE_MAX {
        return Err(FieldErrors::from([(
            "body".to_owned(),
            vec![format!("an event has at most {LINE_MAX} bytes")],
        )]));
    }
    read_packed(line)
}

fn collect<'l, T>(
    bytes: usize,
    lines: impl Iterator<Item = (usize, &'l [u8])>,
    take: &mut impl Take<T>,
) -> Result<Content<T>, Problem> {
    // Room for events of usual length: growing would copy them again and again.
    let mut events = Vec::with_capacity((bytes / USUAL_LENGTH).min(BATCH_MAX));
    let mut rejected = Rejected::default();
    for (index, line) in lines {
        if events.len().saturating_add(rejected.count) >= BATCH_MAX {
            return Err(too_many());
        }
        match read_line(line).and_then(|event| take.event(event)) {
            Ok(event) => events.push(event),
            Err(errors) => {
                take.refused(index, &errors, line);
                rejected.push(index, Arc::new(errors));
            }
        }
    }
    if events.is_empty() && rejected.count == 0 {
        return Err(Problem::field("body", "holds no event"));
    }
    Ok(Content::Batch(events, rejected))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything.
    struct All;

    impl Take<PackedEvent> for All {
        fn event(&mut self, event: PackedEvent) -> Result<PackedEvent, FieldErrors> {
            Ok(event)
        }

        fn refused(&mut self, _: usize, _: &FieldErrors, _: &[u8]) {}
    }

    const GOOD: &str = r#"{"source":"s","event_type":"t","severity":"low","description":"d"}"#;

    #[test]
    fn lines_end_where_they_end() {
        for length in [0, 1, 63, 64, 65, 200] {
            let line = "x".repeat(length);
            for body in [
                line.clone(),
                format!("{line}\n"),
                format!("\n{line}\n\n{line}é\n{line}"),
            ] {
                let lines: Vec<&[u8]> = Lines {
                    rest: Some(body.as_bytes()),
                }
                .collect();
                let expected: Vec<&[u8]> = body.as_bytes().split(|byte| *byte == b'\n').collect();
                assert_eq!(lines, expected);
            }
        }
    }

    #[test]
    fn good_lines_are_kept_and_bad_ones_named() {
        let body = format!("{GOOD}\n\n{{}}\r\n{GOOD}\nnonsense");
        let Content::Batch(events, rejected) =
            read_batch(body.as_bytes(), MediaType::NdJson, &mut All).unwrap()
        else {
            panic!("a batch")
        };
        assert_eq!((events.len(), rejected.count), (2, 2));
        assert_eq!(rejected.errors[0].index, 2);
        assert_eq!(rejected.errors[1].index, 4);
    }

    #[test]
    fn an_array_is_a_batch_and_an_object_is_not() {
        let body = format!(" [{GOOD}, 5]");
        let content = read_batch(body.as_bytes(), MediaType::Json, &mut All).unwrap();
        assert!(
            matches!(content, Content::Batch(events, rejected) if events.len() == 1 && rejected.count == 1)
        );
        assert!(matches!(
            read_batch(GOOD.as_bytes(), MediaType::Json, &mut All).unwrap(),
            Content::Single(_)
        ));
        for two in [format!("{GOOD}{GOOD}"), format!("{GOOD}\n{GOOD}\n")] {
            let content = read_batch(two.as_bytes(), MediaType::Json, &mut All).unwrap();
            assert!(matches!(content, Content::Batch(events, _) if events.len() == 2));
        }
        for empty in ["", "[]", "\n\n"] {
            let media = if empty == "[]" {
                MediaType::Json
            } else {
                MediaType::NdJson
            };
            assert_eq!(
                read_batch(empty.as_bytes(), media, &mut All)
                    .unwrap_err()
                    .status(),
                400
            );
        }
    }

    #[test]
    fn too_many_are_too_many() {
        let lines = format!("{GOOD}\n").repeat(BATCH_MAX + 1);
        let list = format!("[{}1]", "1,".repeat(BATCH_MAX));
        for (body, media) in [
            (&lines, MediaType::NdJson),
            (&lines, MediaType::Json),
            (&list, MediaType::Json),
        ] {
            let refused = read_batch(body.as_bytes(), media, &mut All).unwrap_err();
            assert_eq!(refused.status(), 413);
        }
    }
}
