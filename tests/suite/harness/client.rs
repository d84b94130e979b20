//! A small HTTP client: one connection a request, nothing hidden.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Speaks to one server, as somebody.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    headers: HeaderMap,
    /// The refresh token of the last sign-in.
    pub refresh: String,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    pub fn to(address: SocketAddr) -> Self {
        Self {
            address,
            headers: HeaderMap::new(),
            refresh: String::new(),
        }
    }

    /// The same client with one more header.
    pub fn with(&self, name: &str, value: &str) -> Self {
        self.with_value(name, HeaderValue::from_str(value).unwrap())
    }

    /// The same client with one more header, whose value may be no text.
    pub fn with_value(&self, name: &str, value: HeaderValue) -> Self {
        let mut client = self.clone();
        let name = HeaderName::try_from(name).unwrap();
        client.headers.insert(name, value);
        client
    }

    /// The same client with a token or key.
    pub fn with_bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Signs in and keeps the tokens.
    pub async fn sign_in(&mut self, username: &str, password: &str) -> Value {
        let body = json!({"username": username, "password": password});
        let answer = self.post("/api/auth/token/", &body).await.expect(200);
        self.refresh = answer["refresh"].as_str().unwrap().to_owned();
        *self = self.with_bearer(answer["access"].as_str().unwrap());
        answer
    }

    /// Signs in unless the server answers 503; tells whether it did.
    pub async fn try_sign_in(&mut self, username: &str, password: &str) -> bool {
        let body = json!({"username": username, "password": password});
        let answer = self.post("/api/auth/token/", &body).await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            return false;
        }
        let token = answer.expect(200)["access"].as_str().unwrap().to_owned();
        *self = self.with_bearer(&token);
        true
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Bytes::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PATCH, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PUT, path, body).await
    }

    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.with("content-type", "application/json")
            .send(method, path, body.to_string())
            .await
    }

    /// Sends a request as it stands.
    pub async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    /// Sends a request; an error when the connection breaks.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        // `next` and `previous` are complete URLs.
        let own = format!("http://{}", self.address);
        let path = path.strip_prefix(&own).unwrap_or(path);
        let stream = tokio::net::TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.headers.contains_key(header::HOST) {
            request = request.header(header::HOST, self.address.to_string());
        }
        let answer = sender
            .send_request(request.body(Full::new(body.into()))?)
            .await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        driver.abort();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}

/// Sends bytes as they are and reads what is answered until the connection ends, which the bytes
/// should ask for.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    talk(address, bytes, false).await
}

/// The same from a client that ends its side of the connection behind the bytes.
pub async fn exchange_cut(address: SocketAddr, bytes: &[u8]) -> Answer {
    talk(address, bytes, true).await
}

async fn talk(address: SocketAddr, bytes: &[u8], is_cut: bool) -> Answer {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sending = async {
        // Whoever is refused early is not listened to until the end.
        drop(writer.write_all(bytes).await);
        if is_cut {
            drop(writer.shutdown().await);
        }
        writer
    };
    let mut said = Vec::new();
    let (_writer, read) = tokio::join!(sending, reader.read_to_end(&mut said));
    read.unwrap();
    let end = said.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&said)));
    let head = std::str::from_utf8(&said[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::try_from(name).unwrap(), value)
    });
    Answer {
        status: status.parse().unwrap(),
        headers: headers.collect(),
        body: Bytes::copy_from_slice(&said[end + 4..]),
    }
}

impl Answer {
    /// The JSON body, if the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.body.is_empty() {
            Value::Null
        } else {
            self.value()
        }
    }

    /// The problem document, checked for what every problem must have.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail", "instance", "request_id"] {
            assert!(problem[field].is_string(), "{field}: {problem}");
        }
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }

    /// The names of the refused fields, after checking that it is a validation problem.
    #[track_caller]
    pub fn refused(&self) -> Vec<String> {
        let problem = self.problem(400);
        problem["errors"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    #[track_caller]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
