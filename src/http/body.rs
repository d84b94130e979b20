//! Reading bodies: bounded before and after decompression, and in time.

use std::io::Read as _;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{HeaderMap, header};

use super::Problem;
use super::listener::BodyDeadline;

/// How large a body may be.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes on the wire.
    pub compressed: usize,
    /// Bytes after decompression.
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
#[derive(Clone, Debug)]
pub struct RawBody {
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is.
    pub media: MediaType,
}

/// Bodies from this size on are decompressed on a blocking thread.
const INLINE_MAX: usize = 16 * 1024;

/// Reads a JSON or NDJSON body: checks its type, its encoding and its size while reading.
///
/// # Errors
/// 415 for another type or encoding, 413 beyond the limits, 408 when it comes too slowly,
/// 400 when it breaks off or does not decompress.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    limits: BodyLimits,
) -> Result<RawBody, Problem> {
    let media = media_type(headers)?;
    let bytes = read_bytes(headers, body, limits).await?;
    Ok(RawBody { bytes, media })
}

/// Reads a body of any kind: checks its encoding and its size while reading.
///
/// # Errors
/// As [`read_body`], but for the type.
pub async fn read_bytes(
    headers: &HeaderMap,
    body: Body,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let coding = coding(headers)?;
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    let wire_max = if coding == Coding::Identity {
        limits.decompressed
    } else {
        limits.compressed
    };
    if declared.is_some_and(|length| length > wire_max) {
        return Err(too_large(wire_max));
    }
    let bytes = collect(body, declared.unwrap_or(0), wire_max).await?;
    let bytes = match coding {
        Coding::Identity => bytes,
        _ if bytes.len() < INLINE_MAX => decompress(coding, &bytes, limits.decompressed)?,
        _ => tokio::task::spawn_blocking(move || decompress(coding, &bytes, limits.decompressed))
            .await
            .map_err(Problem::internal)??,
    };
    Ok(bytes)
}

async fn collect(body: Body, declared: usize, max: usize) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut all = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        if all
            .len()
            .saturating_add(first.as_ref().map_or(0, Bytes::len))
            .saturating_add(chunk.len())
            > max
        {
            return Err(too_large(max));
        }
        match (first.take(), all.is_empty()) {
            // Most bodies are one chunk: no copy.
            (None, true) => first = Some(chunk),
            (earlier, _) => {
                if let Some(earlier) = earlier {
                    all.reserve(declared.min(max));
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
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(link) = cause {
        if link.is::<BodyDeadline>() {
            return Problem::new(
                http::StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "The body came too slowly",
                "the whole body was not there in time; nothing was stored",
            );
        }
        cause = link.source();
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

fn decompress(coding: Coding, bytes: &[u8], max: usize) -> Result<Bytes, Problem> {
    let mut out = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let read = match coding {
        Coding::Identity => return Ok(Bytes::copy_from_slice(bytes)),
        Coding::Gzip => flate2::read::MultiGzDecoder::new(bytes)
            .take(limit)
            .read_to_end(&mut out),
        Coding::Zstd => zstd::stream::read::Decoder::with_buffer(bytes).and_then(|mut decoder| {
            // A frame may demand a window as large as it likes: 8 MiB is zstd's own advice.
            decoder.window_log_max(23)?;
            decoder.take(limit).read_to_end(&mut out)
        }),
    };
    if out.len() > max {
        return Err(too_large(max));
    }
    read.map_err(|_| Problem::malformed("the body does not decompress; nothing was stored"))?;
    Ok(Bytes::from(out))
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

    #[test]
    fn bodies_unfold_up_to_the_limit() {
        let plain = vec![b' '; 100_000];
        let zstd = zstd::encode_all(&plain[..], 1).unwrap();
        for (coding, packed) in [(Coding::Gzip, gzip(&plain)), (Coding::Zstd, zstd)] {
            assert_eq!(decompress(coding, &packed, 100_000).unwrap(), plain);
            let refused = decompress(coding, &packed, 99_999).unwrap_err();
            assert_eq!(refused.status(), 413);
            let cut = &packed[..packed.len() - 5];
            assert_eq!(decompress(coding, cut, 100_000).unwrap_err().status(), 400);
        }
    }
}
