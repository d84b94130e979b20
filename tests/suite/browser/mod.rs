//! What people see and do, in a real browser. How to write such a test: `harness/browser/mod.rs`.
//!
//! What rests on the database runs on both engines; what a page does by itself (colours, keys in a
//! dialog, what is sent how often) is the same above either, and runs on SQLite alone.

mod administration;
mod explorer;
mod hostile;
mod instrument;
mod live;
mod looks;
mod overview;
mod public;
mod signing_in;
mod speed;
mod triage;
mod views;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Browser, Client, Look, Page, TestServer, event};

/// Where the pages are declared.
const DECLARED: &str = include_str!("../../../src/dashboard/mod.rs");

/// Signs a tab in, as somebody, without the form.
async fn enter(server: &TestServer, page: &Page, (name, password): (&str, &str)) {
    let body = json!({"username": name, "password": password});
    let answer = server.anonymous().post("/api/auth/session/", &body).await;
    answer.expect(200);
    let pair = answer.header("set-cookie").split(';').next().unwrap();
    let (cookie, value) = pair.split_once('=').unwrap();
    let cookie = json!({
        "name": cookie, "value": value, "url": format!("http://{}/", server.server.address()),
        "httpOnly": true, "sameSite": "Strict",
    });
    page.send("Network.setCookie", cookie).await.unwrap();
}

/// A browser with a tab at a path, where somebody is signed in.
async fn desk(server: &TestServer, who: (&str, &str), look: Look, path: &str) -> (Browser, Page) {
    let browser = Browser::start(server.server.address()).await;
    let page = browser.page(look).await;
    enter(server, &page, who).await;
    assert_eq!(page.goto(path).await, 200, "{path}");
    (browser, page)
}

/// Fills and sends the sign-in form.
async fn fill_in(page: &Page, (name, password): (&str, &str)) {
    page.fill("#username", name).await;
    page.fill("#password", password).await;
    page.click(("button", "Sign in")).await;
}

/// Raises so many HIGH alerts at once; their ids, rising.
async fn raise(server: &TestServer, n: usize, source: &str) -> Vec<i64> {
    let lines: String = (0..n)
        .map(|_| format!("{}\n", event("HIGH", source)))
        .collect();
    let client = server.admin.with("content-type", "application/x-ndjson");
    client
        .send(Method::POST, "/api/events/", lines)
        .await
        .expect(200);
    let n = i64::try_from(n).unwrap();
    server
        .read(move |tx| {
            let sql = "select id from alerts order by id desc limit $1";
            let mut ids: Vec<i64> = tx.query(sql, &[n.into()], |row| row.get(0))?;
            ids.reverse();
            Ok(ids)
        })
        .await
}

/// Sends an event; the number of its alert.
async fn alert_of(client: &Client, event: &Value) -> i64 {
    let stored = client.post("/api/events/", event).await.expect(201);
    stored["alert"].as_i64().unwrap()
}

/// How many alerts a search finds.
async fn found(client: &Client, q: &str) -> i64 {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", q)
        .finish();
    let list = client
        .get(&format!("/api/alerts/?{query}"))
        .await
        .expect(200);
    list["count"].as_i64().unwrap()
}

/// The ids of the rows, from above.
async fn rows(page: &Page) -> Vec<i64> {
    let ids = page
        .eval("[...document.querySelectorAll('.alert-row')].map((row) => Number(row.dataset.id))")
        .await;
    let ids = ids.as_array().unwrap().iter();
    ids.map(|id| id.as_i64().unwrap()).collect()
}

/// Waits until the page follows what happens.
async fn wait_live(page: &Page) {
    page.wait_for("[data-live][data-state=live]").await;
}

/// Requests of a method to a path, without its query, so far.
fn asked(page: &Page, method: &str, path: &str) -> usize {
    let requests = page.requests();
    let of = requests
        .iter()
        .filter(|it| it.method == method && it.url.split('?').next() == Some(path));
    of.count()
}

/// Every page for people who are signed in, read from where they are declared so that none is
/// forgotten, and the states of a page that show something else.
async fn pages(server: &TestServer, alert: i64) -> Vec<String> {
    let shown = server
        .admin
        .get(&format!("/api/alerts/{alert}/"))
        .await
        .expect(200);
    let event = &shown["event"]["id"];
    let me = server.admin.get("/api/me/").await.expect(200)["id"].clone();
    let declared = DECLARED
        .split(".add(")
        .skip(1)
        .filter_map(|line| line.split(';').next())
        .filter(|line| line.contains("get(") && !line.starts_with("Public"))
        .filter_map(|line| line.split('"').nth(1));
    let mut pages: Vec<String> = declared
        .map(|path| {
            path.replace("/alerts/{id}", &format!("/alerts/{alert}"))
                .replace("/events/{id}", &format!("/events/{event}"))
                .replace("/users/{id}", &format!("/users/{me}"))
                // That of the alert.
                .replace("/sources/{id}", "/sources/1")
        })
        .inspect(|path| assert!(!path.contains('{'), "say what to put into {path}"))
        .collect();
    assert!(pages.len() > 1, "{DECLARED}");
    for state in [
        "q=",
        "q=&sort=-created_at&column=severity,status,title,source,type,owner,age,id,country,ip,created,updated,resolution",
        "q=&group=source",
        "q=&group=type",
        "q=severity:nonsense+(",
        "q=source:nobody",
        "q=&view=999999",
        &format!("q=&alert={alert}"),
    ] {
        pages.push(format!("/alerts?{state}"));
    }
    for tab in ["timeline", "raw", "enrichment", "similar"] {
        pages.push(format!("/alerts/{alert}?tab={tab}&beside=true"));
    }
    for state in ["", "&tab=around", "&tab=raw"] {
        pages.push(format!("/events?event={event}{state}"));
    }
    pages.push("/events?q=severity:nonsense+(".to_owned());
    pages.push("/events?q=source:nobody".to_owned());
    pages
}
