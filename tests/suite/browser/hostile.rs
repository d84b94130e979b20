//! Text of an attacker in every place that takes text: it is shown, and is nothing but text.

use http::HeaderValue;
use serde_json::{Value, json};

use super::{alert_of, desk, pages, wait_live};
use crate::harness::{ADMIN, Client, Kind, Look, Page, TestServer, run};

/// What attackers write: what turns text round, hides it or overloads it, markup, templates,
/// formulas, and the lines of a stream.
fn corpus() -> Vec<String> {
    let stacked = format!("zalgo{}", "\u{301}".repeat(20));
    let controls: String = ('\u{1}'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
    let tags: String = "evil"
        .bytes()
        .filter_map(|b| char::from_u32(0xe0000 + u32::from(b)))
        .collect();
    [
        "invoice\u{202e}fdp.exe\u{202c}",
        "\u{2066}left\u{2069}\u{2067}right\u{2069}\u{2068}first\u{2069}\u{61c}\u{200f}\u{200e}",
        "zero\u{200b}width\u{200c}joined\u{200d}word\u{2060}mark\u{feff}soft\u{ad}",
        &format!("tagged{tags}"),
        &format!("controls{controls}end"),
        &stacked,
        "blank\u{3164}\u{115f}\u{2800}\u{180e}lines\u{2028}and\u{2029}paragraphs\u{fff9}x\u{fffb}",
        "https://p\u{430}yp\u{430}l.example/login",
        "<script>globalThis.pwned=1</script>",
        "<img src=x onerror=globalThis.pwned=1>",
        "javascript:globalThis.pwned=1//",
        "\"><svg onload=globalThis.pwned=1>",
        "' autofocus onfocus=globalThis.pwned=1 x='",
        "</title></textarea></style><iframe src=javascript:globalThis.pwned=1>",
        "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
        "=HYPERLINK(\"https://evil.example\",\"click\")",
        "a\r\n\r\nevent: hello\ndata: {\"x\":1}\n\nid: 9\n",
        "&lt;b&gt; &amp;amp; &#x202e; %0d%0a%00 \\u202e",
        "https://evil.example/ and www.evil.example mail evil@evil.example",
        &"w".repeat(250),
    ]
    .iter()
    .map(|text| (*text).to_owned())
    .collect()
}

/// What stands in no page's source as it is, outside the quotes of an attribute.
const MARKUP: [&str; 5] = [
    "<script>",
    "<img",
    "<svg onload",
    "<iframe",
    "</textarea></style>",
];

/// Characters that nobody sees.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Controls, which HTML cannot always refer to by number.
fn is_control(c: char) -> bool {
    matches!(c, '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}')
}

/// What a page's source must not hold.
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // Attributes hold text exactly, between quotes that it cannot end; the rest is what is seen.
    let (mut in_tag, mut in_quotes, mut seen) = (false, false, String::new());
    for c in html.chars() {
        match c {
            '"' if in_tag => in_quotes = !in_quotes,
            '<' if !in_quotes => in_tag = true,
            '>' if !in_quotes => in_tag = false,
            _ => {}
        }
        if is_hidden(c) {
            faults.push(format!("U+{:04X}", u32::from(c)));
        }
        if !in_quotes {
            if is_control(c) {
                faults.push(format!("U+{:04X}", u32::from(c)));
            }
            seen.push(c);
        }
    }
    faults.extend(
        MARKUP
            .iter()
            .filter(|it| seen.contains(*it))
            .map(|it| (*it).to_owned()),
    );
    if seen.contains(&"\u{301}".repeat(5)) {
        faults.push("stacked marks".to_owned());
    }
    faults
}

/// The same asked of the page as it stands in the browser.
const LOOK: &str = r"(() => {
    const hidden = /[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\u0301{5}/u;
    const faults = [];
    const texts = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) if (!texts.currentNode.parentElement?.closest('textarea') && hidden.test(texts.currentNode.data))
        faults.push('hidden in text: ' + escape(texts.currentNode.data));
    for (const name of ['aria-label', 'title', 'alt', 'placeholder'])
        for (const node of document.querySelectorAll(`[${name}]`)) if (hidden.test(node.getAttribute(name)))
            faults.push(`hidden in ${name}: ` + escape(node.getAttribute(name)));
    for (const selector of ['img', 'iframe', 'base', 'object', 'embed', 'script:not([src])', 'style', '[onload]', '[onerror]', '[onfocus]', '[style]'])
        for (const node of document.querySelectorAll(selector)) faults.push('unexpected: ' + node.outerHTML.slice(0, 200));
    for (const link of document.querySelectorAll('a[href], area[href], link[href], form[action], [src]')) {
        const at = link.href ?? link.action ?? link.src;
        if (typeof at === 'string' && !at.startsWith(location.origin + '/') && !(link.rel === 'icon' && at.startsWith('data:image/svg+xml')) && at !== 'https://www.nro.net/')
            faults.push('leads away: ' + at);
    }
    if ('pwned' in globalThis) faults.push('script ran');
    if (document.documentElement.scrollWidth > innerWidth) {
        const holds = (node) => node && (getComputedStyle(node).overflowX !== 'visible' || holds(node.parentElement));
        const wide = [...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > innerWidth + 1 && !holds(it.parentElement));
        faults.push(`scrolls sideways: ${document.documentElement.scrollWidth} of ${innerWidth} by ` + wide.slice(0, 5).map((it) => `${it.tagName}#${it.id}.${it.className}`));
    }
    return faults;
})()";

async fn assert_harmless(page: &Page, what: &str) {
    let faults = page.eval(LOOK).await;
    assert_eq!(faults, json!([]), "{what}");
    assert!(page.take_dialogs().is_empty(), "{what}");
}

/// Puts every text into every place that takes it; the alerts that came of it.
async fn sow(server: &TestServer) -> Vec<i64> {
    let mut alerts = Vec::new();
    for (n, text) in corpus().iter().enumerate() {
        let source: String = text.chars().take(255).collect();
        let tag: String = text.chars().take(100).collect();
        let severity = if n % 2 == 0 { "CRITICAL" } else { "HIGH" };
        let event = json!({
            "source_name": source, "event_type": format!("x.{n}:y_z-1"), "severity": severity,
            "description": format!("{n} {text}"), "ip_address": "81.2.69.142", "tags": [tag, "plain"],
            "attributes": {text.as_str(): text, "deep": {text.as_str(): [text, {"k": text}]}, "user_agent": text},
        });
        let id = alert_of(&server.admin, &event).await;
        let comments = format!("/api/alerts/{id}/comments/");
        server
            .admin
            .post(&comments, &json!({"text": text}))
            .await
            .expect(201);
        let done = json!({"status": "RESOLVED", "resolution": "OTHER", "note": text});
        if n % 3 == 0 {
            server
                .admin
                .patch(&format!("/api/alerts/{id}/"), &done)
                .await
                .expect(200);
        }
        alerts.push(id);
        // These may be refused; where they are taken, they are shown.
        for (path, body) in [
            (
                "/api/views/",
                json!({"name": tag, "page": "alerts", "query": format!("source:{}", json!(source)), "shared": true}),
            ),
            (
                "/api/views/",
                json!({"name": tag, "page": "events", "query": "", "shared": true}),
            ),
            ("/api/keys/", json!({"name": tag, "source_name": source})),
            (
                "/api/users/",
                json!({"username": tag, "password": "a long enough passphrase", "role": "ANALYST", "email": format!("{tag}@example.org")}),
            ),
        ] {
            server.admin.post(path, &body).await;
        }
        sign_in_as(server, text).await;
    }
    alerts
}

/// A failed and a good sign-in of a browser that calls itself so.
async fn sign_in_as(server: &TestServer, text: &str) {
    let agent: Vec<u8> = text.bytes().filter(|b| *b >= 0x20 && *b != 0x7f).collect();
    let agent = HeaderValue::from_bytes(&agent).unwrap();
    let client = server.anonymous().with_value("user-agent", agent);
    let body = json!({"username": text, "password": text});
    client.post("/api/auth/session/", &body).await;
    let body = json!({"username": ADMIN.0, "password": ADMIN.1});
    client.post("/api/auth/session/", &body).await.expect(200);
}

/// A client that asks for pages as a browser does.
async fn reader(server: &TestServer) -> Client {
    let body = json!({"username": ADMIN.0, "password": ADMIN.1});
    let answer = server.anonymous().post("/api/auth/session/", &body).await;
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    server.anonymous().with("cookie", &cookie)
}

/// The pages of one alert, and the lists narrowed by one text.
fn about(id: i64, text: &str) -> Vec<String> {
    let query = |q: String| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &q)
            .finish()
    };
    vec![
        format!("/alerts/{id}"),
        format!(
            "/alerts?{}&alert={id}",
            query(format!("source:{}", json!(text)))
        ),
        format!("/alerts?{}", query(text.to_owned())),
    ]
}

on_both! {
    async fn no_page_holds_what_cannot_be_seen_or_markup_from_outside(server) {
        let alerts = sow(server).await;
        let reader = reader(server).await;
        let mut wrong = Vec::new();
        let all: Vec<String> = corpus().iter().zip(&alerts).flat_map(|(text, id)| about(*id, text)).collect();
        for path in pages(server, alerts[0]).await.into_iter().chain(all) {
            let answer = reader.get(&path).await;
            if answer.header("content-type").starts_with("text/html") {
                let faults = faults(&answer.text());
                if !faults.is_empty() {
                    wrong.push(format!("{path}: {faults:?}"));
                }
                assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
            }
            if !answer.status.is_success() && !answer.status.is_redirection() {
                wrong.push(format!("{path}: {}", answer.status));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        // The text is there, each character of it that can be read.
        let shown = reader.get("/alerts?q=").await.text();
        for part in ["⟦U+202E⟧", "mixed scripts", "⟦+16 marks⟧", "{{7*7}}", "=HYPERLINK(", "&lt;script&gt;globalThis.pwned=1&lt;/script&gt;"] {
            assert!(shown.contains(part), "{part}");
        }
    }
}

/// What a browser makes of a source is the same above either database.
#[test]
fn in_the_browser_text_from_outside_does_nothing_and_leads_nowhere() {
    run(Kind::Sqlite, &[], async |server| {
        let alerts = sow(server).await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=").await;
        for path in pages(server, alerts[0]).await {
            page.look(Look::light()).await;
            assert_eq!(page.goto(&path).await, 200, "{path}");
            assert_harmless(&page, &path).await;
            page.look(Look::light().width(320)).await;
            page.wait_until("innerWidth === 320").await;
            assert_harmless(&page, &format!("{path}, narrow")).await;
        }
        page.look(Look::light()).await;
        for (text, id) in corpus().iter().zip(&alerts) {
            for path in about(*id, text) {
                assert_eq!(page.goto(&path).await, 200, "{path}");
                assert_harmless(&page, &path).await;
            }
        }
    });
}

/// As above.
#[test]
fn what_scripts_write_is_as_harmless_as_what_the_server_writes() {
    run(Kind::Sqlite, &[], async |server| {
        sow(server).await;
        let views = server
            .admin
            .get("/api/views/?page_size=100")
            .await
            .expect(200);
        let views = views["results"].as_array().unwrap().clone();
        assert!(
            views.len() > 10,
            "most of the texts name a view: {}",
            views.len()
        );
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=").await;
        wait_live(&page).await;
        // The search's offers, the palette, the question before a view is deleted.
        page.keys("/").await;
        page.fill("#q", "source:").await;
        assert_harmless(&page, "offers of the search").await;
        page.keys("Escape").await;
        page.click("main h1").await;
        page.keys("Control+k").await;
        page.wait_for("#palette-list [role=option]").await;
        assert_harmless(&page, "the palette").await;
        page.keys("Escape").await;
        for view in views.iter().filter(|view| view["page"] == "alerts") {
            let path = format!("/alerts?view={}", view["id"]);
            assert_eq!(page.goto(&path).await, 200);
            for button in ["Delete", "Rename"] {
                page.click(("button", button)).await;
                page.wait_for("dialog[open]").await;
                assert_harmless(&page, &format!("{button} {}", view["name"])).await;
                page.keys("Escape").await;
                page.wait_gone("dialog").await;
            }
        }
        // The question before a key is revoked.
        assert_eq!(page.goto("/admin/keys").await, 200);
        let keys = page.count("form[data-confirm-object]").await;
        assert!(keys > 10, "most of the texts name a key: {keys}");
        for n in 0..keys {
            let ask = format!(
                "document.querySelectorAll('form[data-confirm-object]')[{n}].requestSubmit()"
            );
            page.eval(&ask).await;
            page.wait_for("dialog[open]").await;
            assert_harmless(&page, &format!("revoking key {n}")).await;
            page.keys("Escape").await;
            page.wait_gone("dialog").await;
        }
        // What arrives while the page is open.
        assert_eq!(page.goto("/alerts?q=").await, 200);
        wait_live(&page).await;
        page.keys("j Enter").await;
        page.wait_for("#alert").await;
        for text in corpus() {
            let source: String = text.chars().take(255).collect();
            let event: Value = json!({
                "source_name": source, "event_type": "intrusion", "severity": "CRITICAL", "description": text,
            });
            alert_of(&server.admin, &event).await;
        }
        page.wait_text("[data-pill]", &format!("{} new alerts", corpus().len()))
            .await;
        assert_harmless(&page, "the pill").await;
        page.click("#alert-title").await;
        for _ in 0..12 {
            page.keys("j").await;
        }
        page.wait_until("document.querySelector('#alert').dataset.alert === new URLSearchParams(location.search).get('alert')").await;
        page.keys("n").await;
        page.wait_gone("[data-pill]").await;
        assert_harmless(&page, "the list with what is new").await;
    });
}
