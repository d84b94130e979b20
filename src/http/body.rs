//! Reading bodies: bounded before and after decompression, and in time.

use std::io::Read;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{HeaderMap, header};

use super::listener::BodyDeadline;
use super::{Problem, header_text};
use crate::limits::{Share, Shares};

/// How large a body may be.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes on the wire, of one that is compressed.
    pub compressed: usize,
    /// Bytes after decompression, or of one that is not compressed.
    pub decompressed: usize,
}

/// What a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json` or a type ending in `+json`.
    Json,
    /// `application/x-ndjson`, `application/ndjson`, `application/jsonl` and their like.
    NdJson,
}

/// A body read wholly into memory, decompressed.
#[derive(Debug)]
pub struct RawBody {
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is.
    pub media: MediaType,
    /// The room it takes.
    pub room: BodyRoom,
}

/// Bodies from this size on are decompressed on a blocking thread.
const INLINE_MAX: usize = 16 * 1024;

/// Bodies up to this size are bounded by the number of connections alone: 64 KiB.
const SMALL_MAX: usize = 64 * 1024;

/// Memory for large bodies, shared by all senders; held while what was read of one is in use.
#[derive(Debug, Default)]
pub struct BodyRoom {
    shared: Option<(Shares<u64>, u64)>,
    held: Option<Share<u64>>,
}

impl BodyRoom {
    /// Room out of what everybody shares, for a sender of this network.
    #[must_use]
    pub fn shared(room: &Shares<u64>, network: u64) -> Self {
        Self {
            shared: Some((room.clone(), network)),
            held: None,
        }
    }

    /// Sees to it that so many bytes may be held, and as many again for what is made of them.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        let Some((room, network)) = self.shared.as_ref().filter(|_| bytes > SMALL_MAX) else {
            return Ok(());
        };
        let wanted = bytes.saturating_mul(2);
        let grown = if let Some(share) = &mut self.held {
            wanted <= share.size() || share.grow(wanted.saturating_sub(share.size()))
        } else {
            self.held = room.take(network, wanted);
            self.held.is_some()
        };
        if grown {
            return Ok(());
        }
        Err(Problem::unavailable(
            "too many large bodies are being read; nothing was stored",
        ))
    }
}

/// Reads a JSON or NDJSON body: checks its type, its encoding and its size while reading.
///
/// # Errors
/// 415 for another type or encoding, 413 beyond the limits, 408 when it comes too slowly,
/// 400 when it breaks off or does not decompress, 503 when there is no room for it.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    limits: BodyLimits,
    room: BodyRoom,
) -> Result<RawBody, Problem> {
    let media = media_type(headers)?;
    let (bytes, room) = read_bytes(headers, body, limits, room).await?;
    Ok(RawBody { bytes, media, room })
}

/// Reads a body of any kind: checks its encoding and its size while reading. The room is to be kept
/// as long as what was read of the body is in use.
///
/// # Errors
/// As [`read_body`], but for the type.
pub async fn read_bytes(
    headers: &HeaderMap,
    body: Body,
    limits: BodyLimits,
    mut room: BodyRoom,
) -> Result<(Bytes, BodyRoom), Problem> {
    let coding = coding(headers)?;
    let declared = header_text(headers, header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.parse::<usize>().ok());
    let wire_max = if coding == Coding::Identity {
        limits.decompressed
    } else {
        limits.compressed
    };
    if declared.is_some_and(|length| length > wire_max) {
        return Err(too_large(wire_max));
    }
    let bytes = collect(body, declared.unwrap_or(0), wire_max, &mut room).await?;
    match coding {
        Coding::Identity => Ok((bytes, room)),
        _ if bytes.len() < INLINE_MAX => decompress(coding, &bytes, limits.decompressed, room),
        _ => tokio::task::spawn_blocking(move || {
            decompress(coding, &bytes, limits.decompressed, room)
        })
        .await
        .map_err(Problem::internal)?,
    }
}

async fn collect(
    body: Body,
    declared: usize,
    max: usize,
    room: &mut BodyRoom,
) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut all = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        let length = all
            .len()
            .saturating_add(first.as_ref().map_or(0, Bytes::len))
            .saturating_add(chunk.len());
        if length > max {
            return Err(too_large(max));
        }
        room.hold(length)?;
        match (first.take(), all.is_empty()) {
            // Most bodies are one chunk: no copy.
            (None, true) => first = Some(chunk),
            (earlier, _) => {
                if let Some(earlier) = earlier {
                    let whole = declared.min(max);
                    room.hold(whole)?;
                    all.reserve(whole);
                    all.extend_from_slice(&earlier);
                }
                all.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

fn too_large(max: usize) -> Problem {
    Problem::too_large(format!("at most {max} bytes are read; nothing was stored"))
}

fn broken(error: &axum::Error) -> Problem {
    if BodyDeadline::is_cause_of(error) {
        return Problem::new(
            http::StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "The body came too slowly",
            "the whole body was not there in time; nothing was stored",
        );
    }
    Problem::malformed("the body broke off; nothing was stored")
}

/// What a body says it is: the media type without parameters, lower case; empty without one.
#[must_use]
pub fn essence(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    let text = std::str::from_utf8(value).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn media_type(headers: &HeaderMap) -> Result<MediaType, Problem> {
    match essence(headers).as_str() {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/jsonlines" => Ok(MediaType::NdJson),
        "application/json" | "text/json" => Ok(MediaType::Json),
        other if other.starts_with("application/") && other.ends_with("+json") => {
            Ok(MediaType::Json)
        }
        _ => Err(Problem::media_type(
            "send Content-Type: application/json, or application/x-ndjson where batches are taken",
        )),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// One layer only: a second would multiply what a small body can unfold to.
fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let refused = || {
        Problem::media_type("Content-Encoding may be gzip or zstd, once")
            .with_header(header::ACCEPT_ENCODING, "gzip, zstd")
    };
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else {
        return Ok(Coding::Identity);
    };
    if values.next().is_some() {
        return Err(refused());
    }
    match value
        .to_str()
        .unwrap_or("?")
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "zstd" => Ok(Coding::Zstd),
        _ => Err(refused()),
    }
}

fn decompress(
    coding: Coding,
    bytes: &[u8],
    max: usize,
    mut room: BodyRoom,
) -> Result<(Bytes, BodyRoom), Problem> {
    let broken = |_| Problem::malformed("the body does not decompress; nothing was stored");
    let mut reader: Box<dyn Read + '_> = match coding {
        Coding::Identity => return Ok((Bytes::copy_from_slice(bytes), room)),
        Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        Coding::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(bytes);
            let mut decoder = decoder.map_err(broken)?;
            // A frame may demand a window as large as it likes: 8 MiB is zstd's own advice.
            decoder.window_log_max(23).map_err(broken)?;
            Box::new(decoder)
        }
    };
    // In steps, so that what unfolds to much finds the room gone before it takes it.
    let mut out = Vec::new();
    let mut step = INLINE_MAX;
    loop {
        let wanted = u64::try_from(step).unwrap_or(u64::MAX);
        let read = reader.by_ref().take(wanted).read_to_end(&mut out);
        if out.len() > max {
            return Err(too_large(max));
        }
        room.hold(bytes.len().saturating_add(out.len()))?;
        if read.map_err(broken)? == 0 {
            return Ok((Bytes::from(out), room));
        }
        step = step.saturating_mul(2).min(1 << 20);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn none() -> BodyRoom {
        BodyRoom::default()
    }

    #[test]
    fn what_unfolds_needs_room() {
        let room = Shares::new(1 << 20);
        let packed = gzip(&vec![b' '; 10 << 20]);
        let refused = decompress(Coding::Gzip, &packed, 32 << 20, BodyRoom::shared(&room, 1));
        assert_eq!(refused.unwrap_err().status(), 503);
        assert_eq!(room.used(), 0);
        let packed = gzip(&vec![b' '; 100_000]);
        let held = decompress(Coding::Gzip, &packed, 32 << 20, BodyRoom::shared(&room, 1));
        let held = held.unwrap();
        assert!(room.used() >= 200_000);
        drop(held);
        assert_eq!(room.used(), 0);
    }

    #[test]
    fn bodies_unfold_up_to_the_limit() {
        let plain = vec![b' '; 100_000];
        let zstd = zstd::encode_all(&plain[..], 1).unwrap();
        for (coding, packed) in [(Coding::Gzip, gzip(&plain)), (Coding::Zstd, zstd)] {
            assert_eq!(
                decompress(coding, &packed, 100_000, none()).unwrap().0,
                plain
            );
            let refused = decompress(coding, &packed, 99_999, none()).unwrap_err();
            assert_eq!(refused.status(), 413);
            let cut = &packed[..packed.len() - 5];
            assert_eq!(
                decompress(coding, cut, 100_000, none())
                    .unwrap_err()
                    .status(),
                400
            );
        }
    }
}
