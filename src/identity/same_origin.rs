//! Whether a request that a cookie authenticates comes from a page of ours.
//!
//! A browser adds the cookie to whatever any page asks of us (`SameSite=Strict` holds back other
//! sites, not other hosts and ports of the same site). What tells our pages apart is written by the
//! browser itself: `Sec-Fetch-Site` (W3C Fetch Metadata), and where it sends none, as over plain
//! HTTP, `Origin` (RFC 6454).

use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use crate::http::{BaseUrl, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Sent by our scripts: a form of another site cannot, and its script would need our leave.
const OWN_HEADER: HeaderName = HeaderName::from_static("x-watchpost");

/// What is asked of a request beyond its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A route of the API: changes need `X-Watchpost: 1`, and reads must not come from another
    /// site.
    Api,
    /// A page: links from other sites are followed, and plain forms carry no header.
    Page,
}

/// Where a request comes from, by its browser's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Ourselves,
    Elsewhere,
    Untold,
}

/// The header's one value; two are no value.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<Result<&str, ()>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(match (first.to_str(), values.next()) {
        (Ok(text), None) => Ok(text),
        _ => Err(()),
    })
}

fn from(headers: &HeaderMap, base: Option<&BaseUrl>) -> From {
    match only(headers, SEC_FETCH_SITE) {
        Some(Ok("same-origin")) => return From::Ourselves,
        Some(_) => return From::Elsewhere,
        None => {}
    }
    let base = base.map_or("", |base| &*base.0);
    match only(headers, header::ORIGIN) {
        Some(Ok(origin)) if !base.is_empty() && origin.eq_ignore_ascii_case(base) => {
            From::Ourselves
        }
        Some(_) => From::Elsewhere,
        None => From::Untold,
    }
}

/// Refuses what does not come from our pages: changes always, and reads of the API that another
/// site asks for.
pub(super) fn check(
    kind: Kind,
    method: &Method,
    headers: &HeaderMap,
    base: Option<&BaseUrl>,
) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        let crosses = matches!(
            only(headers, SEC_FETCH_SITE),
            Some(Ok("cross-site") | Err(()))
        );
        return if kind == Kind::Api && crosses {
            Err(csrf("another site asked for this with your cookie"))
        } else {
            Ok(())
        };
    }
    if from(headers, base) != From::Ourselves {
        return Err(csrf(
            "a change with a session's cookie must come from a page of this server: \
             `Sec-Fetch-Site: same-origin`, or an `Origin` that is this server's address (behind \
             a proxy that ends TLS, TRUSTED_PROXIES must name it); programs send \
             `Authorization: Bearer` instead",
        ));
    }
    if kind == Kind::Api && only(headers, OWN_HEADER) != Some(Ok("1")) {
        return Err(csrf(
            "a change with a session's cookie needs the header `X-Watchpost: 1`",
        ));
    }
    Ok(())
}

/// Refuses a sign-in that another site sends: the person would work in a stranger's account.
/// Programs, which say nothing of where they come from, may sign in.
pub(super) fn check_sign_in(headers: &HeaderMap, base: Option<&BaseUrl>) -> Result<(), Problem> {
    match from(headers, base) {
        From::Ourselves | From::Untold => Ok(()),
        From::Elsewhere => Err(csrf(
            "signing in must be asked for by a page of this server",
        )),
    }
}

fn csrf(detail: &'static str) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "csrf",
        "This request does not come from our pages",
        detail,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(kind: Kind, method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let base = BaseUrl("https://watch.example".into());
        match check(kind, method, &map, Some(&base)) {
            Ok(()) => true,
            Err(problem) => {
                assert_eq!(problem.status(), 403);
                false
            }
        }
    }

    const OWN: (&str, &str) = ("x-watchpost", "1");

    #[test]
    fn only_our_pages_change_anything() {
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        for (headers, page) in [
            (vec![site("same-origin")], true),
            (vec![site("same-origin"), origin("null")], true),
            (vec![origin("https://watch.example")], true),
            (vec![origin("https://Watch.Example")], true),
            (vec![], false),
            (vec![site("same-site")], false),
            (vec![site("cross-site")], false),
            (vec![site("none")], false),
            (vec![site("")], false),
            (vec![site("same-origin"), site("cross-site")], false),
            (
                vec![site("cross-site"), origin("https://watch.example")],
                false,
            ),
            (vec![origin("http://watch.example")], false),
            (vec![origin("https://watch.example:8443")], false),
            (vec![origin("https://watch.example.evil.example")], false),
            (vec![origin("null")], false),
            (vec![origin("")], false),
            (
                vec![
                    origin("https://watch.example"),
                    origin("https://evil.example"),
                ],
                false,
            ),
        ] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(allowed(Kind::Page, &method, &headers), page, "{headers:?}");
                assert!(!allowed(Kind::Api, &method, &headers), "{headers:?}");
                let with = [headers.as_slice(), &[OWN]].concat();
                assert_eq!(allowed(Kind::Api, &method, &with), page, "{with:?}");
            }
        }
        assert!(!allowed(
            Kind::Api,
            &Method::POST,
            &[site("same-origin"), OWN, OWN]
        ));
        assert!(!allowed(
            Kind::Api,
            &Method::POST,
            &[site("same-origin"), ("x-watchpost", "0")]
        ));
    }

    #[test]
    fn other_sites_read_pages_and_not_the_api() {
        for (site, api) in [("cross-site", false), ("same-site", true), ("none", true)] {
            let headers = [("sec-fetch-site", site)];
            assert_eq!(allowed(Kind::Api, &Method::GET, &headers), api, "{site}");
            assert!(allowed(Kind::Page, &Method::GET, &headers), "{site}");
        }
        assert!(allowed(Kind::Api, &Method::GET, &[]));
    }

    #[test]
    fn without_a_host_nothing_is_ours() {
        let headers: HeaderMap = [(header::ORIGIN, "null".parse().unwrap())]
            .into_iter()
            .collect();
        let none = BaseUrl("".into());
        assert!(check(Kind::Page, &Method::POST, &headers, Some(&none)).is_err());
        let empty: HeaderMap = [(header::ORIGIN, "".parse().unwrap())]
            .into_iter()
            .collect();
        assert!(check(Kind::Page, &Method::POST, &empty, Some(&none)).is_err());
        assert!(check_sign_in(&empty, Some(&none)).is_err());
        assert!(check_sign_in(&HeaderMap::new(), Some(&none)).is_ok());
    }
}
