//! What a request presents to say who it is: a token, a key, or a browser's cookie.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{Extensions, HeaderMap, header};

use crate::credentials::KEY_PREFIX;
use crate::http::{Origin, SessionCookie, UrlToken, session_cookie};

/// Bytes of the name and key of `Basic`, at the most.
const BASIC_MAX: usize = 1_024;

/// What a request carries in `Authorization`; without that header, in its address or in its
/// session's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presented<'a> {
    Nothing,
    Token(&'a str),
    Key(Cow<'a, str>),
    Cookie(&'a str),
    Unreadable,
}

/// Reads it; nothing is looked up.
///
/// Ingest keys are taken in every way other products' senders know: `Bearer`, `ApiKey` (also as
/// base64 of `NAME:KEY`), `Splunk`, `Basic` with the key as the password (or the name), and in
/// the address of a route for senders.
pub(super) fn presented<'a>(
    origin: &Origin,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
) -> Presented<'a> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        if let Some(token) = extensions.get::<UrlToken>() {
            return Presented::Key(token.expose().into());
        }
        return match session_cookie(origin, headers) {
            SessionCookie::Absent => Presented::Nothing,
            SessionCookie::Value(secret) => Presented::Cookie(secret),
            SessionCookie::Unusable => Presented::Unreadable,
        };
    };
    let text = value.to_str().unwrap_or_default().trim();
    let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
    let credentials = credentials.trim();
    // Two headers: a proxy and we might each believe another one.
    if values.next().is_some() || credentials.is_empty() {
        return Presented::Unreadable;
    }
    let is_key = credentials.starts_with(KEY_PREFIX);
    match (scheme.to_ascii_lowercase().as_str(), is_key) {
        ("bearer" | "apikey" | "splunk", true) => Presented::Key(credentials.into()),
        ("bearer", false) => Presented::Token(credentials),
        ("basic" | "apikey", false) => {
            key_of_pair(credentials).map_or(Presented::Unreadable, |key| Presented::Key(key.into()))
        }
        _ => Presented::Unreadable,
    }
}

/// The key in the base64 of `NAME:KEY`; rsyslog and curl send either part alone.
fn key_of_pair(credentials: &str) -> Option<String> {
    if credentials.len() > BASIC_MAX {
        return None;
    }
    let pair = BASE64_STANDARD.decode(credentials).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (name, password) = pair.split_once(':')?;
    [password, name]
        .into_iter()
        .find(|part| part.starts_with(KEY_PREFIX))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::http::Caller;

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn credentials_are_read_in_any_case_of_the_scheme() {
        let (origin, none) = (Caller::system("test").origin, Extensions::new());
        for (given, expected) in [
            ("Bearer a.b.c", Presented::Token("a.b.c")),
            ("bEARER  a.b.c ", Presented::Token("a.b.c")),
            ("Bearer wp_x", Presented::Key("wp_x".into())),
            ("apikey wp_x", Presented::Key("wp_x".into())),
            ("Splunk wp_x", Presented::Key("wp_x".into())),
            ("Basic d3A6d3BfeA==", Presented::Key("wp_x".into())),
            ("Basic d3BfeDo=", Presented::Key("wp_x".into())),
            ("ApiKey aWQ6d3BfeA==", Presented::Key("wp_x".into())),
            ("Splunk 1111", Presented::Unreadable),
            ("ApiKey a.b.c", Presented::Unreadable),
            ("Basic dTpw", Presented::Unreadable),
            ("Bearer", Presented::Unreadable),
            ("a.b.c", Presented::Unreadable),
            ("", Presented::Unreadable),
        ] {
            let given_headers = headers(&[given]);
            let found = presented(&origin, &given_headers, &none);
            assert_eq!(found, expected, "{given}");
        }
        assert_eq!(presented(&origin, &headers(&[]), &none), Presented::Nothing);
        let twice = headers(&["Bearer a.b.c", "Bearer a.b.c"]);
        assert_eq!(presented(&origin, &twice, &none), Presented::Unreadable);
    }

    #[test]
    fn a_cookie_counts_only_without_authorization() {
        let (origin, none) = (Caller::system("test").origin, Extensions::new());
        let secret = "x".repeat(43);
        let cookie = HeaderValue::from_str(&format!("watchpost_session={secret}")).unwrap();
        let mut given = headers(&[]);
        given.insert(header::COOKIE, cookie);
        assert_eq!(
            presented(&origin, &given, &none),
            Presented::Cookie(&secret)
        );
        given.insert(header::AUTHORIZATION, HeaderValue::from_static(""));
        assert_eq!(presented(&origin, &given, &none), Presented::Unreadable);
        given.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer t"));
        assert_eq!(presented(&origin, &given, &none), Presented::Token("t"));
    }
}
