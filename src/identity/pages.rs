//! The layer in front of pages: whoever is signed out is sent to the sign-in page.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::Gate;
use super::layer::{Admitted, authenticate, identify, tell, within};
use super::presented::{Presented, presented};
use super::same_origin::{self, Kind};
use crate::http::{Access, Actor, BaseUrl, Caller, MatchedRoute, Origin, Problem, header_text};
use crate::limits::{Verdict, network_of};

/// Where people sign in.
const SIGN_IN: &str = "/login";
/// Sent by our scripts when they ask for a part of a page.
const FRAGMENT: HeaderName = HeaderName::from_static("x-watchpost-fragment");
/// Bytes of an address that a sign-in leads back to.
const NEXT_MAX: usize = 2_048;

/// Lets a request for a page through to its handler, with its [`Caller`] put on it.
///
/// Signed out, the handler is not run: 303 to `/login?next=` with the path and query asked for; a
/// request with `X-Watchpost-Fragment` gets 401. Without the capability 403, beyond the rate 429,
/// both as [`Problem`] in the response's extensions. Changes must come from our own pages, or 403
/// of the kind `csrf`. Where the route demands nothing, the caller is still named when the cookie
/// counts, so that the sign-in page can send people on.
///
/// Pages spend the limits `browser` and `visitor`, and [`Access::SignIn`] spends `sign-in`; none
/// spends the hourly allowance of the API. Answers without a `Referrer-Policy` get `same-origin`:
/// under a stricter one browsers send `Origin: null` with forms.
pub async fn page_guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(origin) = request.extensions().get::<Origin>().cloned() else {
        return Problem::internal("a page was mounted outside of http::finish").into_response();
    };
    let presented = presented(&origin, request.headers(), request.extensions());
    let (verdict, admitted) = match foreign(&presented, &request) {
        Err(problem) => (None, Err(problem)),
        Ok(()) => admit(&gate, origin, presented).await,
    };
    let mut response = match admitted {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            signed_out(&request, problem)
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(verdict) = verdict {
        tell(response.headers_mut(), verdict);
    }
    response
        .headers_mut()
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("same-origin"));
    response.extensions_mut().insert(MatchedRoute(gate.route));
    response
}

/// Refuses a change that no page of ours sent, also of somebody who is signed out: a foreign form
/// must not sign anybody in.
fn foreign(presented: &Presented<'_>, request: &Request) -> Result<(), Problem> {
    if matches!(presented, Presented::Token(_) | Presented::Key(_)) {
        return Ok(());
    }
    let base = request.extensions().get::<BaseUrl>();
    same_origin::check(Kind::Page, request.method(), request.headers(), base)
}

async fn admit(
    gate: &Gate,
    origin: Origin,
    presented: Presented<'_>,
) -> (Option<Verdict>, Admitted) {
    match gate.access {
        Access::Open | Access::Public | Access::SignIn => visit(gate, origin, presented).await,
        Access::SignedIn | Access::Can(_) | Access::CanOrKey(_) => {
            authenticate(gate, origin, presented).await
        }
    }
}

/// A page for everyone; credentials that do not count are none.
async fn visit(
    gate: &Gate,
    origin: Origin,
    presented: Presented<'_>,
) -> (Option<Verdict>, Admitted) {
    let limits = &gate.app.limits;
    let network = network_of(origin.address);
    let verdict = match gate.access {
        Access::Open => None,
        Access::SignIn => limits.sign_in.take(&network, 1),
        _ => limits.visitor.take(&network, 1),
    };
    if let Err(problem) = within(verdict) {
        return (verdict, Err(problem));
    }
    let actor = match presented {
        Presented::Cookie(_) => match identify(&gate.app, &origin, presented).await {
            Ok(actor) => actor,
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Actor::Anonymous,
            Err(problem) => return (verdict, Err(problem)),
        },
        _ => Actor::Anonymous,
    };
    (verdict, Ok(Caller { actor, origin }))
}

fn signed_out(request: &Request, problem: Problem) -> Response {
    let headers = request.headers();
    if headers.contains_key(FRAGMENT) {
        return problem.into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let next = if reads {
        request.uri().path_and_query().map(PathAndQuery::as_str)
    } else {
        // A form was sent: back to the page it stood on.
        referring_path(headers, request.extensions().get::<BaseUrl>())
    };
    let location = sign_in_address(next);
    if reads && crosses_sites(headers) {
        return step(&location);
    }
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, location)],
        Body::empty(),
    )
        .into_response()
}

/// The address of the sign-in page that leads back to the given one.
fn sign_in_address(next: Option<&str>) -> String {
    let next = next.and_then(safe_next).filter(|next| *next != "/");
    match next {
        Some(next) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", next)
                .finish();
            format!("{SIGN_IN}?{query}")
        }
        None => SIGN_IN.to_owned(),
    }
}

fn referring_path<'a>(headers: &'a HeaderMap, base: Option<&BaseUrl>) -> Option<&'a str> {
    let base = base.map(|base| &*base.0).filter(|base| !base.is_empty())?;
    header_text(headers, header::REFERER)?.strip_prefix(base)
}

fn crosses_sites(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site == "cross-site")
}

/// A link from another site is followed without the `SameSite=Strict` cookie, through redirects
/// too. A page of ours that goes on by itself is asked with it: somebody who is signed in is not
/// made to sign in again because a colleague sent the link by mail.
fn step(location: &str) -> Response {
    // Only characters of a form-encoded query: nothing to escape but the ampersand.
    let location = location.replace('&', "&amp;");
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"refresh\" content=\"0;url={location}\"><title>Watchpost</title></head>\
         <body><p><a href=\"{location}\">Go on to Watchpost</a></p></body></html>\n"
    );
    Html(page).into_response()
}

/// An address that a sign-in may lead to: a path of this server with its query.
///
/// It starts with a single `/`, has at most 2,048 bytes of visible ASCII, and no backslash, plain
/// or encoded, for browsers read one as a slash and `//host` as another server. The sign-in and
/// sign-out pages themselves are none.
#[must_use]
pub fn safe_next(next: &str) -> Option<&str> {
    let lower = next.get(..next.len().min(NEXT_MAX))?.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    let visible = |byte: u8| byte.is_ascii_graphic();
    let plain = next.len() <= NEXT_MAX
        && next.bytes().all(visible)
        && next.starts_with('/')
        && !path.contains("//")
        && !lower.contains('\\')
        && !path.contains("%5c")
        && !path.contains("%2f")
        && !["/login", "/logout"].contains(&path.trim_end_matches('/'));
    plain.then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_only_to_pages_of_this_server() {
        for next in [
            "/",
            "/alerts",
            "/alerts?alert=12&severity=HIGH",
            "/events?search=a%20b%5Cc&from=2026-01-01T00:00:00Z",
            "/events?url=https://example.org/",
            "/alerts/12#history",
            "/loginx",
        ] {
            assert_eq!(safe_next(next), Some(next));
        }
        let long = format!("/{}", "a".repeat(NEXT_MAX));
        for next in [
            "",
            "alerts",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/%2fevil.example",
            "/a//evil.example",
            "/./\\evil",
            "https://evil.example/",
            "https:evil.example",
            "javascript:alert(1)",
            " /alerts",
            "/alerts ",
            "/\talerts",
            "/\nalerts",
            "/\r\nSet-Cookie: a=b",
            "/\0",
            "/\u{7f}",
            "/ü",
            "/\u{2028}",
            "/login",
            "/login?next=/alerts",
            "/LOGIN/",
            "/logout",
            &long,
        ] {
            assert_eq!(safe_next(next), None, "{next:?}");
        }
        // A character across the limit is no panic.
        assert_eq!(safe_next(&format!("/{}", "ü".repeat(NEXT_MAX))), None);
    }

    #[test]
    fn the_sign_in_page_is_told_where_to_lead() {
        assert_eq!(sign_in_address(None), "/login");
        assert_eq!(sign_in_address(Some("/")), "/login");
        assert_eq!(sign_in_address(Some("//evil")), "/login");
        assert_eq!(
            sign_in_address(Some("/alerts?a=1&b=%22%3E")),
            "/login?next=%2Falerts%3Fa%3D1%26b%3D%2522%253E"
        );
    }
}
