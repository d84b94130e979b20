//! Pages let in whom their route names, and send everyone else to sign in.

use super::*;

/// Pages behind their guard, each answering who asked.
struct Pages {
    router: axum::Router,
    cookie: String,
}

impl Pages {
    async fn of(house: &House) -> Self {
        use crate::http::{Access, Capability};
        let show = |caller: Caller| async move { caller.actor.name().to_owned() };
        let mut router = axum::Router::new();
        for (path, access) in [
            ("/login", Access::Public),
            ("/enter", Access::SignIn),
            ("/alerts", Access::Can(Capability::MonitorRead)),
            ("/users", Access::Can(Capability::Manage)),
        ] {
            let gate = Gate {
                app: house.app.clone(),
                access,
                route: path,
            };
            let layer = axum::middleware::from_fn_with_state(gate, page_guard);
            let page = axum::routing::get(show).post(show).route_layer(layer);
            router = router.route(path, page);
        }
        let begun = house.enter("mara", PASSWORD).await.unwrap();
        let cookie = format!("watchpost_session={}", begun.cookie.expose());
        Self { router, cookie }
    }

    /// Status, `Location` and body.
    async fn ask(&self, line: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
        use http_body_util::BodyExt as _;
        use tower::ServiceExt as _;
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        request.extensions_mut().insert(origin());
        let base = crate::http::BaseUrl(Arc::from("http://watch.example"));
        request.extensions_mut().insert(base);
        let answer = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.headers()["referrer-policy"], "same-origin");
        let location = answer.headers().get("location");
        let location = location.map_or("", |it| it.to_str().unwrap()).to_owned();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, location, String::from_utf8(body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn whoever_is_signed_out_is_sent_to_the_sign_in_page() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let pages = Pages::of(&house).await;
    let to = async |line: &str, headers: &[(&str, &str)]| {
        let (status, location, body) = pages.ask(line, headers).await;
        assert_eq!((status, body.as_str()), (303, ""), "{line}");
        location
    };
    let ours = ("sec-fetch-site", "same-origin");
    assert_eq!(
        to("GET /alerts?a=1&b=%22", &[]).await,
        "/login?next=%2Falerts%3Fa%3D1%26b%3D%2522"
    );
    let forged = format!("watchpost_session={}", "A".repeat(43));
    assert_eq!(
        to("GET /alerts", &[("cookie", &forged)]).await,
        "/login?next=%2Falerts"
    );
    assert_eq!(to("POST /alerts", &[ours]).await, "/login");
    let referrer = ("referer", "http://watch.example/alerts?alert=7");
    assert_eq!(
        to("POST /alerts", &[ours, referrer]).await,
        "/login?next=%2Falerts%3Falert%3D7"
    );
    for referrer in [
        "http://watch.example.evil/alerts",
        "http://evil.example/alerts",
        "http://watch.example//evil.example",
    ] {
        assert_eq!(
            to("POST /alerts", &[ours, ("referer", referrer)]).await,
            "/login"
        );
    }
    let fragment = ("x-watchpost-fragment", "1");
    assert_eq!(pages.ask("GET /alerts", &[fragment]).await.0, 401);
    // A link in a mail: the cookie comes with the next request only.
    let (status, _, body) = pages
        .ask("GET /alerts?a=1&b=2", &[("sec-fetch-site", "cross-site")])
        .await;
    assert_eq!(status, 200);
    assert!(
        body.contains("content=\"0;url=/login?next=%2Falerts%3Fa%3D1%26b%3D2\""),
        "{body}"
    );
}

#[tokio::test]
async fn pages_let_in_whom_their_route_names() {
    let house = House::new().await;
    house.user("root", Role::Admin).await;
    let user = house.user("mara", Role::Analyst).await;
    let pages = Pages::of(&house).await;
    let cookie = ("cookie", pages.cookie.as_str());
    let ours = ("sec-fetch-site", "same-origin");
    let theirs = ("sec-fetch-site", "cross-site");
    for (line, headers, status, body) in [
        ("GET /login", &[][..], 200, ""),
        ("GET /login", &[cookie], 200, "mara"),
        ("GET /alerts", &[cookie], 200, "mara"),
        ("GET /alerts", &[cookie, theirs], 200, "mara"),
        ("POST /alerts", &[cookie, ours], 200, "mara"),
        ("POST /alerts", &[cookie], 403, ""),
        ("POST /alerts", &[cookie, theirs], 403, ""),
        ("GET /users", &[cookie], 403, ""),
        ("POST /users", &[cookie, ours], 403, ""),
        ("POST /enter", &[ours], 200, ""),
        (
            "POST /enter",
            &[("origin", "http://watch.example")],
            200,
            "",
        ),
        ("POST /enter", &[("origin", "http://evil.example")], 403, ""),
        ("POST /enter", &[theirs], 403, ""),
        ("POST /enter", &[], 403, ""),
    ] {
        let (found, _, text) = pages.ask(line, headers).await;
        assert_eq!((found, text.as_str()), (status, body), "{line} {headers:?}");
    }
    house.change(user.id, enabled(false)).await.unwrap();
    assert_eq!(pages.ask("GET /alerts", &[cookie]).await.0, 303);
    assert_eq!(
        pages.ask("GET /login", &[cookie]).await,
        (200, String::new(), String::new())
    );
}
