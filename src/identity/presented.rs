//! What a request presents to say who it is: a token, a key, or a browser's cookie.

use http::{HeaderMap, header};

use super::keys;
use crate::http::{Origin, SessionCookie, session_cookie};

/// What a request carries in `Authorization`; without that header, in its session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented<'a> {
    Nothing,
    Token(&'a str),
    Key(&'a str),
    Cookie(&'a str),
    Unreadable,
}

/// Reads it; nothing is looked up.
pub(super) fn presented<'a>(origin: &Origin, headers: &'a HeaderMap) -> Presented<'a> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
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
    let is_key = credentials.starts_with(keys::PREFIX);
    match (scheme.to_ascii_lowercase().as_str(), is_key) {
        ("bearer" | "apikey", true) => Presented::Key(credentials),
        ("bearer", false) => Presented::Token(credentials),
        _ => Presented::Unreadable,
    }
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
        let origin = Caller::system("test").origin;
        for (given, expected) in [
            ("Bearer a.b.c", Presented::Token("a.b.c")),
            ("bEARER  a.b.c ", Presented::Token("a.b.c")),
            ("Bearer wp_x", Presented::Key("wp_x")),
            ("apikey wp_x", Presented::Key("wp_x")),
            ("ApiKey a.b.c", Presented::Unreadable),
            ("Basic dTpw", Presented::Unreadable),
            ("Bearer", Presented::Unreadable),
            ("a.b.c", Presented::Unreadable),
            ("", Presented::Unreadable),
        ] {
            assert_eq!(presented(&origin, &headers(&[given])), expected, "{given}");
        }
        assert_eq!(presented(&origin, &headers(&[])), Presented::Nothing);
        let twice = headers(&["Bearer a.b.c", "Bearer a.b.c"]);
        assert_eq!(presented(&origin, &twice), Presented::Unreadable);
    }

    #[test]
    fn a_cookie_counts_only_without_authorization() {
        let origin = Caller::system("test").origin;
        let secret = "x".repeat(43);
        let cookie = HeaderValue::from_str(&format!("watchpost_session={secret}")).unwrap();
        let mut given = headers(&[]);
        given.insert(header::COOKIE, cookie);
        assert_eq!(presented(&origin, &given), Presented::Cookie(&secret));
        given.insert(header::AUTHORIZATION, HeaderValue::from_static(""));
        assert_eq!(presented(&origin, &given), Presented::Unreadable);
        given.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer t"));
        assert_eq!(presented(&origin, &given), Presented::Token("t"));
    }
}
