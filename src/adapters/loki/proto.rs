//! A push as protobuf in a block of Snappy. Streams and entries are taken one at a time out of the
//! bytes: two bytes can stand for an entry, and a list of them for gigabytes.

use prost::Message as _;

use super::super::otlp::wire::{Field, Message};

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

/// The parts of a message that have one number, each a message by itself.
#[derive(Clone)]
pub(super) struct Parts<'a> {
    rest: Message<'a>,
    number: u32,
}

/// The streams of a push.
pub(super) const fn streams(bytes: &[u8]) -> Parts<'_> {
    Parts {
        rest: Message(bytes),
        number: 1,
    }
}

impl<'a> Stream<'a> {
    /// Reads a stream.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let labels = Parts {
            rest: Message(bytes),
            number: 1,
        }
        .last()
        .transpose()?
        .unwrap_or_default();
        Ok(Self {
            labels: std::str::from_utf8(labels).map_err(|_| "labels are no UTF-8".to_owned())?,
            entries: Parts {
                rest: Message(bytes),
                number: 2,
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
        loop {
            match self.rest.next() {
                Ok(Some((number, Field::Bytes(part)))) if number == self.number => {
                    return Some(Ok(part));
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    self.rest = Message(&[]);
                    return Some(Err(error.to_string()));
                }
            }
        }
    }
}
