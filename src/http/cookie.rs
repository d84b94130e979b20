//! The cookie of a browser's session: read, set and cleared.

use http::{HeaderMap, HeaderValue, header};

use super::Origin;

/// Its name over TLS: browsers take a `__Host-` cookie only from the host itself, with `Secure`
/// and for every path (RFC 6265bis §4.1.3.2), so that no neighbouring host can plant one.
const NAME_TLS: &str = "__Host-watchpost";
/// Its name without TLS, where browsers refuse the prefix.
const NAME_PLAIN: &str = "watchpost_session";
/// Characters of its value: 32 random bytes as base64url.
const VALUE_LENGTH: usize = 43;

/// What a request carries as its session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionCookie<'a> {
    /// None.
    Absent,
    /// One that may be a secret of ours: 43 characters of base64url.
    Value(&'a str),
    /// Two of the name, or a value that is none of ours.
    Unusable,
}

impl Origin {
    /// The name of the session's cookie: `__Host-watchpost` over TLS, else `watchpost_session`.
    /// A cookie of the other name counts for nothing.
    #[must_use]
    pub const fn cookie_name(&self) -> &'static str {
        if self.https { NAME_TLS } else { NAME_PLAIN }
    }
}

/// Reads the session's cookie; cookies of other names are passed over, whatever they hold.
///
/// Two of the name are refused: one of them was planted, and which one cannot be known.
#[must_use]
pub fn session_cookie<'a>(origin: &Origin, headers: &'a HeaderMap) -> SessionCookie<'a> {
    let name = origin.cookie_name().as_bytes();
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let rest = pair.strip_prefix(name)?;
            rest.strip_prefix(b"=")
        });
    match (values.next(), values.next()) {
        (None, _) => SessionCookie::Absent,
        (Some(value), None) => std::str::from_utf8(value)
            .ok()
            .filter(|value| is_secret(value))
            .map_or(SessionCookie::Unusable, SessionCookie::Value),
        (Some(_), Some(_)) => SessionCookie::Unusable,
    }
}

fn is_secret(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    value.len() == VALUE_LENGTH && value.bytes().all(allowed)
}

/// A `Set-Cookie` that gives the browser its session's secret, until the browser is closed; how
/// long the session lasts, the server knows.
#[must_use]
pub fn set_session_cookie(origin: &Origin, secret: &str) -> HeaderValue {
    written(origin, secret, "")
}

/// A `Set-Cookie` that takes it away.
#[must_use]
pub fn clear_session_cookie(origin: &Origin) -> HeaderValue {
    written(origin, "", "; Max-Age=0")
}

fn written(origin: &Origin, value: &str, life: &str) -> HeaderValue {
    let name = origin.cookie_name();
    let secure = if origin.https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{life}");
    // Secrets are base64url, which any header takes.
    let mut header =
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("watchpost="));
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Caller;

    const SECRET: &str = "3q2-7wF1cVZs8Rk0pXbYtLdQeNhUjMiGaKoSyTzWx_v";

    fn origin(https: bool) -> Origin {
        Origin {
            https,
            ..Caller::system("test").origin
        }
    }

    fn read(https: bool, cookies: &[&str]) -> String {
        let headers: HeaderMap = cookies
            .iter()
            .map(|value| {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                (header::COOKIE, value)
            })
            .collect();
        match session_cookie(&origin(https), &headers) {
            SessionCookie::Absent => "absent".to_owned(),
            SessionCookie::Value(value) => value.to_owned(),
            SessionCookie::Unusable => "unusable".to_owned(),
        }
    }

    #[test]
    fn one_cookie_of_the_right_name_is_read() {
        let plain = format!("watchpost_session={SECRET}");
        let tls = format!("__Host-watchpost={SECRET}");
        assert_eq!(read(false, &[&plain]), SECRET);
        assert_eq!(read(true, &[&tls]), SECRET);
        assert_eq!(read(true, &[&plain]), "absent");
        assert_eq!(read(false, &[&tls]), "absent");
        let among = format!("a=b; {plain};c; =d; é=ü");
        assert_eq!(read(false, &[&among]), SECRET);
        assert_eq!(read(false, &[]), "absent");
        let other = format!("Watchpost_session={SECRET}; xwatchpost_session={SECRET}");
        assert_eq!(read(false, &[&other]), "absent");
    }

    #[test]
    fn two_cookies_or_another_shape_are_refused() {
        let plain = format!("watchpost_session={SECRET}");
        let both = format!("{plain}; {plain}");
        for cookies in [
            &[both.as_str()][..],
            &[&plain, &plain],
            &[&plain, "watchpost_session="],
            &["watchpost_session="],
            &["watchpost_session=\"x\""],
            &[&format!("{plain}x")],
            &[&format!("watchpost_session={}.", &SECRET[1..])],
            &[&format!("watchpost_session= {SECRET}")],
        ] {
            assert_eq!(read(false, cookies), "unusable", "{cookies:?}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let tls = set_session_cookie(&origin(true), SECRET);
        assert_eq!(
            tls.to_str().unwrap(),
            format!("__Host-watchpost={SECRET}; Path=/; HttpOnly; SameSite=Strict; Secure")
        );
        assert!(!format!("{tls:?}").contains(SECRET));
        let plain = set_session_cookie(&origin(false), SECRET);
        assert_eq!(
            plain.to_str().unwrap(),
            format!("watchpost_session={SECRET}; Path=/; HttpOnly; SameSite=Strict")
        );
        assert_eq!(
            clear_session_cookie(&origin(true)).to_str().unwrap(),
            "__Host-watchpost=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"
        );
    }
}
