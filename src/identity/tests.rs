//! Identity against a real database: SQLite in a temporary folder, time standing still.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock, EventIds, MockClock, Timestamp};
use clap::Parser;
use store::{Options, Store};

use super::model::ProfileChange;
use super::*;
use crate::app::App;
use crate::config::Settings;
use crate::geo::{GeoDb, GeoSources};
use crate::http::{Actor, Caller, FieldErrors, Origin, Role};
use crate::migrations::MIGRATIONS;
use crate::secrets::Secrets;

const PASSWORD: &str = "velvet-anchor-tulip-41";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

struct House {
    app: App,
    clock: MockClock,
    folder: tempfile::TempDir,
}

impl House {
    async fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let fixed = ["test", "--database-url", &url, "--password-hash-kib", "64"];
        let settings = Line::parse_from(fixed.iter().chain(flags)).settings;
        let clock = MockClock::at(Timestamp::parse("2026-03-01").unwrap());
        let store = Store::open(&settings.database_url, Options::default()).unwrap();
        store.migrate(MIGRATIONS, clock.now()).await.unwrap();
        let sources = GeoSources {
            city_db: None,
            asn_db: None,
            data_dir: folder.path().to_owned(),
        };
        let app = App::new(
            store,
            Clock::mock(&clock),
            settings,
            GeoDb::open(&sources).unwrap(),
            EventIds::new(0, None),
            Secrets::derive(&[3; 32]).unwrap(),
        );
        Self { app, clock, folder }
    }

    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn user(&self, name: &str, role: Role) -> User {
        let new = NewUser {
            username: name.to_owned(),
            email: None,
            password: Some(secret(PASSWORD)),
            role: Some(role),
        };
        let caller = Caller::system("test");
        create_user(&self.app, &caller, new).await.unwrap().user
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<Pair, IdentityError> {
        sign_in(&self.app, &origin(), name, &secret(password)).await
    }

    async fn signed_in(&self, name: &str) -> (Pair, Caller) {
        let pair = self.sign_in(name, PASSWORD).await.unwrap();
        let caller = Caller {
            actor: sessions::access_actor(&self.app, pair.access.expose())
                .await
                .unwrap()
                .unwrap(),
            origin: origin(),
        };
        (pair, caller)
    }

    async fn counts(&self, pair: &Pair) -> bool {
        verify_token(&self.app, &pair.access).await.is_ok()
    }

    /// Every action of the activity log, oldest first.
    async fn log(&self) -> Vec<String> {
        self.app
            .store
            .read(|tx| {
                tx.query("select action from audit order by seq", &[], |row| {
                    row.get(0)
                })
            })
            .await
            .map_err(|error: store::StoreError| error)
            .unwrap()
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn origin() -> Origin {
    Origin {
        address: IpAddr::from([192, 0, 2, 7]),
        proxy: None,
        https: false,
        user_agent: Arc::from("test"),
        request_id: Arc::from("r1"),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, IdentityError>) -> FieldErrors {
    match result {
        Err(IdentityError::Refused(errors)) => errors,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_failure_to_sign_in_is_answered_alike() {
    let house = House::new().await;
    let user = house.user("Mara", Role::Analyst).await;
    assert_eq!(
        house.sign_in("mARA", PASSWORD).await.unwrap().user.id,
        user.id
    );
    let off = UserChange {
        enabled: Some(false),
        ..UserChange::default()
    };
    let other = house.user("other", Role::Analyst).await;
    let system = Caller::system("test");
    change_user(&house.app, &system, other.id, off, None)
        .await
        .unwrap();
    for (name, password) in [
        ("mara", "velvet-anchor-tulip-42"),
        ("nobody", PASSWORD),
        ("other", PASSWORD),
        ("ma\0ra", PASSWORD),
        ("", ""),
    ] {
        let error = house.sign_in(name, password).await.unwrap_err();
        assert!(
            matches!(error, IdentityError::Credentials),
            "{name}: {error}"
        );
    }
    let long = house.sign_in("mara", &"x".repeat(1_025)).await;
    assert!(refused(long).contains_key("password"));
}

#[tokio::test]
async fn failures_are_throttled_alike_for_names_that_exist_and_that_do_not() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    for name in ["mara", "ghost"] {
        for _ in 0..5 {
            let error = house.sign_in(name, "wrong").await.unwrap_err();
            assert!(matches!(error, IdentityError::Credentials));
        }
        let error = house.sign_in(name, PASSWORD).await.unwrap_err();
        assert!(
            matches!(error, IdentityError::Throttled(1)),
            "{name}: {error}"
        );
    }
    house.clock.advance(Duration::from_secs(1));
    assert!(house.sign_in("mara", PASSWORD).await.is_ok());
    for _ in 0..4 {
        house.sign_in("mara", "wrong").await.unwrap_err();
    }
    assert!(
        house.sign_in("mara", PASSWORD).await.is_ok(),
        "counted anew"
    );
    let log = house.log().await;
    let count = |action: &str| log.iter().filter(|it| *it == action).count();
    assert_eq!(
        [
            count("sign_in.failed"),
            count("sign_in.throttled"),
            count("sign_in.succeeded")
        ],
        [14, 2, 2]
    );
}

#[tokio::test]
async fn the_throttle_of_an_account_survives_a_restart_and_can_be_lifted() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    for _ in 0..9 {
        house.sign_in("mara", "wrong").await.unwrap_err();
        house.clock.advance(Duration::from_mins(1));
    }
    house.sign_in("mara", "wrong").await.unwrap_err();
    let kept = find_user(&house.app, "mara").await.unwrap().unwrap();
    assert_eq!(
        kept.throttled_until,
        Some(house.clock.now().plus(Duration::from_secs(32)))
    );
    let system = Caller::system("test");
    unlock(&house.app, &system, "MARA").await.unwrap();
    assert!(house.sign_in("mara", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use_and_the_second_ends_the_session() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let first = house.sign_in("mara", PASSWORD).await.unwrap();
    let other = house.sign_in("mara", PASSWORD).await.unwrap();
    let second = refresh(&house.app, &origin(), &first.refresh)
        .await
        .unwrap();
    assert_ne!(second.refresh.expose(), first.refresh.expose());
    assert!(house.counts(&second).await);
    let again = refresh(&house.app, &origin(), &first.refresh).await;
    assert!(matches!(again, Err(IdentityError::Token)));
    for pair in [&first, &second] {
        assert!(!house.counts(pair).await);
        let ended = refresh(&house.app, &origin(), &pair.refresh).await;
        assert!(matches!(ended, Err(IdentityError::Token)));
    }
    assert!(house.counts(&other).await, "another sign-in is not touched");
    let log = house.log().await;
    let found = log.iter().filter(|it| *it == "session.reuse_detected");
    assert_eq!(found.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_refreshes_at_the_same_time_exactly_one_wins() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    for _ in 0..10 {
        let pair = house.sign_in("mara", PASSWORD).await.unwrap();
        let origin = origin();
        let all = (0..8).map(|_| refresh(&house.app, &origin, &pair.refresh));
        let results = futures_util::future::join_all(all).await;
        assert_eq!(results.into_iter().flatten().count(), 1);
    }
}

#[tokio::test]
async fn tokens_are_not_mistaken_for_one_another_and_expire() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let (pair, _) = house.signed_in("mara").await;
    let refresh_as_access = sessions::access_actor(&house.app, pair.refresh.expose()).await;
    assert_eq!(refresh_as_access.unwrap(), None);
    let access_as_refresh = refresh(&house.app, &origin(), &pair.access).await;
    assert!(matches!(access_as_refresh, Err(IdentityError::Token)));
    assert!(verify_token(&house.app, &pair.refresh).await.is_ok());
    house.clock.advance(Duration::from_mins(15));
    assert!(!house.counts(&pair).await);
    let later = refresh(&house.app, &origin(), &pair.refresh).await.unwrap();
    house.clock.advance(Duration::from_hours(7 * 24));
    let late = refresh(&house.app, &origin(), &later.refresh).await;
    assert!(matches!(late, Err(IdentityError::Token)));
    assert_eq!(forget_sessions(&house.app).await.unwrap(), 1);
}

#[tokio::test]
async fn signing_out_ends_the_own_session_alone() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    house.user("otto", Role::Analyst).await;
    let (mine, caller) = house.signed_in("mara").await;
    let (second, _) = house.signed_in("mara").await;
    let (foreign, _) = house.signed_in("otto").await;
    sign_out(&house.app, &caller, Some(&foreign.refresh))
        .await
        .unwrap();
    assert!(house.counts(&foreign).await, "not mine to end");
    sign_out(&house.app, &caller, Some(&second.refresh))
        .await
        .unwrap();
    assert!(!house.counts(&second).await);
    sign_out(&house.app, &caller, None).await.unwrap();
    assert!(!house.counts(&mine).await);
}

#[tokio::test]
async fn a_changed_role_or_a_disabled_account_counts_at_once() {
    let house = House::new().await;
    house.user("root", Role::Admin).await;
    let user = house.user("mara", Role::Responder).await;
    let (pair, caller) = house.signed_in("mara").await;
    assert_eq!(caller.user().unwrap(), (user.id, Role::Responder));
    let system = Caller::system("test");
    let demoted = UserChange {
        role: Some(Role::Analyst),
        ..UserChange::default()
    };
    let changed = change_user(&house.app, &system, user.id, demoted.clone(), Some(1))
        .await
        .unwrap();
    assert_eq!((changed.role, changed.version), (Role::Analyst, 2));
    let actor = sessions::access_actor(&house.app, pair.access.expose()).await;
    assert!(matches!(
        actor.unwrap(),
        Some(Actor::User {
            role: Role::Analyst,
            ..
        })
    ));
    let same = change_user(&house.app, &system, user.id, demoted.clone(), None).await;
    assert_eq!(same.unwrap().version, 2, "nothing changed");
    let stale = change_user(&house.app, &system, user.id, demoted, Some(1)).await;
    assert!(matches!(stale, Err(IdentityError::Stale(2))));
    for enabled in [false, true] {
        let change = UserChange {
            enabled: Some(enabled),
            ..UserChange::default()
        };
        change_user(&house.app, &system, user.id, change, None)
            .await
            .unwrap();
        assert!(!house.counts(&pair).await, "enabling revives no session");
    }
    delete_user(&house.app, &system, user.id, None)
        .await
        .unwrap();
    let gone = get_user(&house.app, user.id).await;
    assert!(matches!(gone, Err(IdentityError::NotFound("user"))));
}

#[tokio::test]
async fn the_last_enabled_administrator_stays() {
    let house = House::new().await;
    let first = house.user("first", Role::Admin).await;
    let second = house.user("second", Role::Admin).await;
    let system = Caller::system("test");
    let changes = [
        UserChange {
            role: Some(Role::Analyst),
            ..UserChange::default()
        },
        UserChange {
            enabled: Some(false),
            ..UserChange::default()
        },
    ];
    let both = futures_util::future::join(
        change_user(&house.app, &system, first.id, changes[0].clone(), None),
        change_user(&house.app, &system, second.id, changes[1].clone(), None),
    )
    .await;
    assert!(
        matches!(both.0, Err(IdentityError::LastAdmin))
            != matches!(both.1, Err(IdentityError::LastAdmin)),
        "{both:?}"
    );
    let last = if both.0.is_err() { first } else { second };
    for change in changes {
        let result = change_user(&house.app, &system, last.id, change, None).await;
        assert!(matches!(result, Err(IdentityError::LastAdmin)));
    }
    let deleted = delete_user(&house.app, &system, last.id, None).await;
    assert!(matches!(deleted, Err(IdentityError::LastAdmin)));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let (mine, caller) = house.signed_in("mara").await;
    let (other, _) = house.signed_in("mara").await;
    let change = async |current: &str, new: &str| {
        change_own_password(&house.app, &caller, &secret(current), &secret(new)).await
    };
    let wrong = refused(change("wrong", "slate-violin-harbor-29").await);
    assert!(wrong.contains_key("current_password"));
    let common = refused(change(PASSWORD, "password").await);
    assert!(common.contains_key("new_password"));
    let same = refused(change(PASSWORD, PASSWORD).await);
    assert!(same.contains_key("new_password"));
    change(PASSWORD, "slate-violin-harbor-29").await.unwrap();
    assert!(house.counts(&mine).await);
    assert!(!house.counts(&other).await);
    assert!(house.sign_in("mara", PASSWORD).await.is_err());
    assert!(
        house
            .sign_in("mara", "slate-violin-harbor-29")
            .await
            .is_ok()
    );
    sign_out_everywhere(&house.app, &caller).await.unwrap();
    assert!(!house.counts(&mine).await);
}

#[tokio::test]
async fn a_profile_keeps_preferences_and_address() {
    let house = House::new().await;
    house.user("mara", Role::Responder).await;
    let (_, caller) = house.signed_in("mara").await;
    let change: ProfileChange =
        serde_json::from_str(r#"{"email":" m@x ","preferences":{"theme":"dark"}}"#).unwrap();
    let profile = change_me(&house.app, &caller, change, None).await.unwrap();
    let shown = serde_json::to_value(&profile).unwrap();
    assert_eq!(shown["email"], "m@x");
    assert_eq!(shown["preferences"]["theme"], "dark");
    assert_eq!(
        shown["capabilities"],
        serde_json::json!(["monitor:read", "alert:triage"])
    );
    let clear: ProfileChange = serde_json::from_str(r#"{"email":null}"#).unwrap();
    let profile = change_me(&house.app, &caller, clear, Some(profile.user.version))
        .await
        .unwrap();
    assert_eq!(profile.user.email, None);
    assert_eq!(profile.preferences.theme, Theme::Dark);
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case_and_sign_up_makes_analysts() {
    let house = House::with(&["--allow-signup", "true"]).await;
    let caller = Caller {
        actor: Actor::Anonymous,
        origin: origin(),
    };
    let new = |name: &str| NewUser {
        username: name.to_owned(),
        email: None,
        password: Some(secret(PASSWORD)),
        role: Some(Role::Admin),
    };
    let user = sign_up(&house.app, &caller, new("Mara")).await.unwrap();
    assert_eq!(user.role, Role::Analyst);
    let taken = refused(sign_up(&house.app, &caller, new("mARA")).await);
    assert!(taken.contains_key("username"));
    let closed = House::with(&["--allow-signup", "false"]).await;
    let result = sign_up(&closed.app, &caller, new("mara")).await;
    assert!(matches!(result, Err(IdentityError::SignUpClosed)));
}

#[tokio::test]
async fn lists_of_users_are_filtered_and_paged() {
    let house = House::new().await;
    for name in ["anna", "bert", "carl"] {
        house.user(name, Role::Analyst).await;
    }
    house.user("root", Role::Admin).await;
    let names = async |filter: UserFilter, limit| {
        let (rows, count) = list_users(&house.app, filter, None, limit).await.unwrap();
        let names: Vec<String> = rows
            .into_iter()
            .map(|listed| listed.user.username)
            .collect();
        (names, count)
    };
    let filter = UserFilter {
        role: Some(Role::Analyst),
        enabled: Some(true),
        search: None,
    };
    assert_eq!(
        names(filter, 2).await,
        (vec!["carl".to_owned(), "bert".to_owned()], 3)
    );
    let search = UserFilter {
        search: Some("ER".to_owned()),
        ..UserFilter::default()
    };
    assert_eq!(names(search, 9).await, (vec!["bert".to_owned()], 1));
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let house = House::new().await;
    let admin = first_admin(&house.app).await.unwrap().unwrap();
    assert_eq!(admin.username, "admin");
    let password = admin.generated.unwrap();
    let pair = house.sign_in("admin", password.expose()).await.unwrap();
    assert_eq!(pair.user.role, Role::Admin);
    assert!(!pair.user.weak_password);
    assert!(first_admin(&house.app).await.unwrap().is_none());

    let flags = ["--admin-username", "Boss", "--admin-password", "Admin@123"];
    let house = House::with(&flags).await;
    house.user("mara", Role::Analyst).await;
    let admin = first_admin(&house.app).await.unwrap().unwrap();
    assert!(admin.weak && admin.generated.is_none());
    let boss = house.sign_in("boss", "Admin@123").await.unwrap().user;
    assert!(boss.weak_password);
    assert_eq!(boss.role, Role::Admin);
    assert!(first_admin(&house.app).await.unwrap().is_none());

    let house = House::with(&["--admin-username", "a b"]).await;
    assert!(refused(first_admin(&house.app).await).contains_key("username"));
}

#[tokio::test]
async fn a_key_opens_until_it_is_revoked_or_expires() {
    let house = House::new().await;
    let system = Caller::system("test");
    let new = NewKey {
        name: "fw".to_owned(),
        source_name: Some("fw-1".to_owned()),
        expires_at: Some(house.clock.now().plus(Duration::from_mins(1))),
        ..NewKey::default()
    };
    let made = create_key(&house.app, &system, new.clone()).await.unwrap();
    let known = async |secret: &Secret| keys::known(&house.app, secret.expose()).await.unwrap();
    let key = known(&made.secret).await.unwrap();
    assert_eq!((key.id, key.source.as_deref()), (made.key.id, Some("fw-1")));
    let near = format!("{}x", &made.secret.expose()[..45]);
    if near != made.secret.expose() {
        assert!(known(&Secret::new(near)).await.is_none());
    }
    revoke_key(&house.app, &system, made.key.id).await.unwrap();
    assert!(known(&made.secret).await.is_none(), "at once");
    let again = revoke_key(&house.app, &system, made.key.id).await.unwrap();
    assert!(again.revoked_at.is_some());
    let made = create_key(&house.app, &system, new).await.unwrap();
    assert!(known(&made.secret).await.is_some());
    keys::note_use(&house.app, made.key.id);
    house.app.tasks.close();
    house.app.tasks.wait().await;
    let (listed, count) = list_keys(&house.app, None, 10).await.unwrap();
    assert_eq!(count, 2);
    assert_eq!(listed[0].last_used_at, Some(house.clock.now()));
    house.clock.advance(Duration::from_mins(1));
    assert!(known(&made.secret).await.is_none(), "expired");
    assert_eq!(
        house.log().await,
        ["key.created", "key.revoked", "key.created"]
    );
}

#[tokio::test]
async fn no_secret_is_stored_as_it_is() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let pair = house.sign_in("mara", PASSWORD).await.unwrap();
    let system = Caller::system("test");
    let new = NewKey {
        name: "fw".to_owned(),
        ..NewKey::default()
    };
    let key = create_key(&house.app, &system, new).await.unwrap();
    let shown = format!("{pair:?} {key:?}");
    house.app.store.close();
    let file = std::fs::read(house.folder.path().join("test.db")).unwrap();
    for secret in [
        PASSWORD,
        pair.refresh.expose(),
        key.secret.expose(),
        pair.access.expose(),
    ] {
        let bytes = secret.as_bytes();
        assert!(!file.windows(bytes.len()).any(|part| part == bytes));
        assert!(!shown.contains(secret));
    }
    let audited = b"sign_in.succeeded";
    assert!(file.windows(audited.len()).any(|part| part == audited));
}

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
        let password = secret(PASSWORD);
        let begun = sign_in_browser(
            &house.app,
            &origin(),
            &http::HeaderMap::new(),
            "mara",
            &password,
        )
        .await;
        let cookie = format!("watchpost_session={}", begun.unwrap().cookie.expose());
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
    let off = UserChange {
        enabled: Some(false),
        ..UserChange::default()
    };
    let system = Caller::system("test");
    change_user(&house.app, &system, user.id, off, None)
        .await
        .unwrap();
    assert_eq!(pages.ask("GET /alerts", &[cookie]).await.0, 303);
    assert_eq!(
        pages.ask("GET /login", &[cookie]).await,
        (200, String::new(), String::new())
    );
}

#[tokio::test]
async fn the_sign_in_page_learns_whether_there_is_an_administrator() {
    let house = House::with(&["--allow-signup", "false"]).await;
    let before = first_run(&house.app).await.unwrap();
    assert_eq!((before.has_admin, before.signup_open), (false, false));
    house.user("mara", Role::Analyst).await;
    assert!(!first_run(&house.app).await.unwrap().has_admin);
    house.user("root", Role::Admin).await;
    assert!(first_run(&house.app).await.unwrap().has_admin);
}

#[tokio::test]
async fn a_browser_signs_in_by_the_rules_of_everyone() {
    let house = House::new().await;
    house.user("mara", Role::Analyst).await;
    let enter = async |password: &str| {
        sign_in_browser(
            &house.app,
            &origin(),
            &http::HeaderMap::new(),
            "MARA",
            &secret(password),
        )
        .await
    };
    for _ in 0..5 {
        assert!(matches!(
            enter("wrong").await,
            Err(IdentityError::Credentials)
        ));
    }
    assert!(matches!(
        enter(PASSWORD).await,
        Err(IdentityError::Throttled(1))
    ));
    house.clock.advance(Duration::from_secs(1));
    let begun = enter(PASSWORD).await.unwrap();
    assert!(!format!("{begun:?}").contains(begun.cookie.expose()));
    let log = house.log().await;
    let last: Vec<&str> = log.iter().rev().take(3).map(String::as_str).collect();
    assert_eq!(
        last,
        ["sign_in.succeeded", "sign_in.throttled", "sign_in.failed"]
    );
    house.app.store.close();
    let file = std::fs::read(house.folder.path().join("test.db")).unwrap();
    let secret = begun.cookie.expose().as_bytes();
    assert!(!file.windows(secret.len()).any(|part| part == secret));
}
