//! A push as protobuf in a block of Snappy. Streams and entries are taken one at a time out of the
//! bytes: two bytes can stand for an entry, and a list of them for gigabytes.

use prost::Message as _;
use prost::bytes::Buf as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// A timestamp of protobuf.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Time {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

/// A name and a value of structured metadata.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Pair {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

/// One line.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Entry {
    #[prost(message, optional, tag = "1")]
    pub(super) timestamp: Option<Time>,
    #[prost(string, tag = "2")]
    pub(super) line: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) metadata: Vec<Pair>,
}

/// A stream: its labels as text, and its entries still in bytes.
pub(super) struct Stream<'a> {
    pub(super) labels: &'a str,
    pub(super) entries: Parts<'a>,
}

/// The parts of a message that have one tag, each a message by itself.
#[derive(Clone)]
pub(super) struct Parts<'a> {
    rest: &'a [u8],
    tag: u32,
}

/// The streams of a push.
pub(super) const fn streams(bytes: &[u8]) -> Parts<'_> {
    Parts {
        rest: bytes,
        tag: 1,
    }
}

impl<'a> Stream<'a> {
    /// Reads a stream.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let labels = Parts {
            rest: bytes,
            tag: 1,
        }
        .last()
        .transpose()?
        .unwrap_or_default();
        Ok(Self {
            labels: std::str::from_utf8(labels).map_err(|_| "labels are no UTF-8".to_owned())?,
            entries: Parts {
                rest: bytes,
                tag: 2,
            },
        })
    }
}

impl Entry {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        Self::decode(bytes).map_err(|error| error.to_string())
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<&'a [u8], String>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.part() {
                Ok(Some(part)) => return Some(Ok(part)),
                Ok(None) => {}
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl<'a> Parts<'a> {
    /// The next field, if it has the tag; others are passed over.
    fn part(&mut self) -> Result<Option<&'a [u8]>, String> {
        let broken = |error: prost::DecodeError| error.to_string();
        let (tag, wire) = decode_key(&mut self.rest).map_err(broken)?;
        if tag != self.tag || wire != WireType::LengthDelimited {
            skip_field(wire, tag, &mut self.rest, DecodeContext::default()).map_err(broken)?;
            return Ok(None);
        }
        let length = decode_varint(&mut self.rest).map_err(broken)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let part = self.rest.get(..length).ok_or("a part is cut off")?;
        self.rest.advance(length);
        Ok(Some(part))
    }
}
