//! Errors as `google.rpc.Status`, in protobuf or JSON: what OTLP's clients read.

use http::{HeaderMap, HeaderValue, StatusCode};
use prost::Message as _;
use serde::Serialize;

use super::essence;

/// The encoding of a request, in which it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

/// `google.rpc.Status`, without details.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

impl Encoding {
    /// The encoding a request says it has; JSON unless it says protobuf.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match essence(headers).as_str() {
            "application/x-protobuf" | "application/protobuf" => Self::Protobuf,
            _ => Self::Json,
        }
    }

    /// The media type and body of an error.
    pub(super) fn error(self, status: StatusCode, message: String) -> (HeaderValue, Vec<u8>) {
        let status = Status {
            code: code(status),
            message,
        };
        match self {
            Self::Protobuf => (
                HeaderValue::from_static("application/x-protobuf"),
                status.encode_to_vec(),
            ),
            Self::Json => (
                HeaderValue::from_static("application/json"),
                serde_json::to_vec(&status).unwrap_or_default(),
            ),
        }
    }
}

/// The code of gRPC (`google.rpc.Code`) for a status of HTTP.
const fn code(status: StatusCode) -> i32 {
    match status.as_u16() {
        401 => 16,
        403 => 7,
        404 | 405 => 5,
        408 => 4,
        // An argument that will be none the next time either.
        400..=417 => 3,
        429 => 8,
        503 => 14,
        500.. => 13,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn an_error_is_told_in_the_encoding_of_the_request() {
        let mut headers = HeaderMap::new();
        assert_eq!(Encoding::of(&headers), Encoding::Json);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf; charset=x"),
        );
        assert_eq!(Encoding::of(&headers), Encoding::Protobuf);
        let (media, body) = Encoding::Protobuf.error(StatusCode::BAD_REQUEST, "no".to_owned());
        assert_eq!(media, "application/x-protobuf");
        assert_eq!(body, [0x08, 3, 0x12, 2, b'n', b'o']);
        let (media, body) =
            Encoding::Json.error(StatusCode::SERVICE_UNAVAILABLE, "full".to_owned());
        assert_eq!(media, "application/json");
        assert_eq!(body, br#"{"code":14,"message":"full"}"#);
    }
}
