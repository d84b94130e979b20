//! The browser tests' own instrument: what it must notice, it notices; what it says, is so.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::{Browser, Look, Page, run_alone};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// A server that answers every request with one page; `/late` never answers wholly.
async fn server(page: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default();
                let (status, kind, body) = match path {
                    "/favicon.ico" => ("204 No Content", "image/x-icon", ""),
                    "/missing" => ("404 Not Found", "text/html", "<h1>missing</h1>"),
                    "/script.js" => ("200 OK", "text/javascript", SCRIPT),
                    _ => ("200 OK", "text/html; charset=utf-8", page),
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
                     Content-Security-Policy: {POLICY}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                drop(stream.write_all(answer.as_bytes()).await);
            });
        }
    });
    address
}

const SCRIPT: &str = r"
    const log = [];
    globalThis.log = log;
    addEventListener('keydown', e => log.push((e.ctrlKey ? 'C-' : '') + (e.shiftKey ? 'S-' : '') + e.key));
    document.querySelector('#go')?.addEventListener('click', e => log.push('click ' + e.isTrusted));
    document.querySelector('#go')?.addEventListener('mouseenter', () => log.push('enter'));
    document.querySelector('#to')?.addEventListener('mouseup', () => log.push('dropped'));
    setTimeout(() => document.querySelector('#late')?.removeAttribute('hidden'), 150);
";

const FORM: &str = r#"<!doctype html><html lang="en"><title>A form</title>
    <meta name="viewport" content="width=device-width"><main><h1>A form</h1>
    <form><label for="name">Your name</label> <input id="name" value="old">
    <label for="pick">Pick</label> <select id="pick"><option>a<option>b</select>
    <button id="go" type="button">Go on</button> <button type="button" id="to">Target</button></form>
    <p id="late" hidden>Here <b>now</b></p><p id="never" hidden>Never</p></main>
    <script src="/script.js"></script>"#;

/// Opens such a page and runs a body on it.
fn on_page(html: &'static str, look: Look, body: impl AsyncFnOnce(&Browser, &Page)) {
    run_alone(async move {
        let browser = Browser::start(server(html).await).await;
        let page = browser.page(look).await;
        assert_eq!(page.goto("/page").await, 200);
        body(&browser, &page).await;
    });
}

async fn problem(page: &Page, part: &str) {
    let mut seen = Vec::new();
    for _ in 0..200 {
        seen.extend(page.take_problems().await);
        if seen.iter().any(|problem| problem.contains(part)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{part} was not noticed: {seen:?}");
}

#[test]
fn misbehaviour_of_a_page_is_noticed() {
    let html = "<!doctype html><title>x</title><script>1</script><body style='color:red'>";
    on_page(html, Look::light(), async |_, page| {
        problem(page, "content security policy violated: script-src-elem").await;
        page.goto("/again").await;
        problem(page, "content security policy violated: style-src-attr").await;
        page.eval("try { document.body.innerHTML = '<b>x</b>' } catch {}")
            .await;
        problem(
            page,
            "content security policy violated: require-trusted-types-for",
        )
        .await;
        page.take_problems().await;
    });
}

#[test]
fn hosts_errors_and_exceptions_are_noticed() {
    on_page(FORM, Look::light(), async |_, page| {
        page.eval("fetch('http://192.0.2.1/x').catch(() => 0)")
            .await;
        problem(page, "request to a foreign host: http://192.0.2.1/x").await;
        page.eval("console.error('half', 1)").await;
        problem(page, "console error: half 1").await;
        page.eval("void setTimeout(() => { throw new Error('torn') })")
            .await;
        problem(page, "exception: Error: torn").await;
        page.eval("confirm('sure?')").await;
        assert_eq!(page.take_dialogs(), ["sure?"]);
        page.take_problems().await;
    });
}

#[test]
#[should_panic(expected = "what no page may do")]
fn a_page_that_misbehaved_fails_its_test() {
    on_page(FORM, Look::light(), async |_, page| {
        page.eval("console.warn('careful')").await;
    });
}

#[test]
fn text_that_is_no_text_arrives() {
    on_page(FORM, Look::light(), async |_, page| {
        let odd = page.eval(r"'a\ud800b\\\ud83d\ude00\n'").await;
        assert_eq!(odd, "a\u{fffd}b\\\u{1f600}\n");
    });
}

#[test]
fn keys_and_mouse_are_real() {
    on_page(FORM, Look::light(), async |_, page| {
        page.keys("j Shift+D Control+k ? + Escape ArrowDown").await;
        let keys = json!(["j", "S-D", "C-k", "?", "+", "Escape", "ArrowDown"]);
        assert_eq!(page.eval("log.splice(0)").await, keys);
        page.hover("#go").await;
        page.click(("button", "Go on")).await;
        page.drag("#go", "#to").await;
        let mouse = json!(["enter", "click true", "dropped"]);
        assert_eq!(page.eval("log.splice(0)").await, mouse);

        page.fill(("textbox", "Your name"), "žluťoučký").await;
        assert_eq!(page.property("#name", "value").await, "žluťoučký");
        page.fill("#name", "").await;
        page.type_text("A b").await;
        assert_eq!(page.property("#name", "value").await, "A b");
        assert!(page.has_focus("#name").await);
        page.keys("Tab").await;
        assert!(page.has_focus("#pick").await);
        page.choose("#pick", "b").await;
        assert_eq!(page.property("#pick", "value").await, "b");
        assert_eq!(
            page.attribute("#go", "type").await.as_deref(),
            Some("button")
        );
    });
}

#[test]
fn waiting_ends_when_it_is_so() {
    on_page(FORM, Look::light(), async |browser, page| {
        page.wait_text("#late", "Here now").await;
        assert!(page.sees("#late").await && !page.sees("#never").await);
        page.wait_gone("#never").await;
        assert_eq!(page.text("#late").await, "Here now");
        assert_eq!(page.url().await, "/page");
        assert_eq!(page.goto("/missing").await, 404);
        page.history(-1).await;
        page.wait_url("/page").await;
        page.reload().await;
        page.forget_requests();
        page.goto("/page?again").await;
        let requests = page.requests();
        let urls: Vec<&str> = requests.iter().map(|r| r.url.as_str()).collect();
        assert_eq!(urls[..2], ["/page?again", "/script.js"]);
        assert_eq!(
            (requests[0].method.as_str(), requests[0].kind.as_str()),
            ("GET", "Document")
        );
        assert!(requests.iter().all(|request| request.failure.is_empty()));
        let whole = (FORM.len() + SCRIPT.len()) as u64;
        assert!(
            (whole..whole + 2000).contains(&page.transferred()),
            "{requests:?}"
        );
        page.eval("document.cookie = 'mine=1'").await;
        assert_eq!(browser.cookies().await[0]["name"], "mine");
    });
}

#[test]
fn a_look_is_what_the_page_is_told() {
    let look = Look::dark()
        .reduced_motion()
        .more_contrast()
        .zone("Asia/Kathmandu");
    on_page(FORM, look.width(700), async |browser, page| {
        let told = "[matchMedia('(prefers-color-scheme: dark)').matches,
            matchMedia('(prefers-reduced-motion: reduce)').matches,
            matchMedia('(prefers-contrast: more)').matches,
            matchMedia('(forced-colors: active)').matches,
            innerWidth, navigator.maxTouchPoints, document.hidden, document.hasFocus(),
            Intl.DateTimeFormat().resolvedOptions().timeZone.slice(0, 9)]";
        let desktop = json!([true, true, true, false, 700, 0, false, true, "Asia/Katm"]);
        assert_eq!(page.eval(told).await, desktop);
        page.look(Look::mobile().forced_colors()).await;
        let told = "[innerWidth, navigator.maxTouchPoints, matchMedia('(forced-colors)').matches]";
        page.wait_until("innerWidth === 320").await;
        assert_eq!(page.eval(told).await, json!([320, 1, true]));

        let other = browser.page(Look::light().without_script()).await;
        other.goto("/page").await;
        assert_eq!(other.eval("typeof log").await, "undefined");
        other.fill("#name", "typed").await;
        other.click("#go").await;
        assert_eq!(other.property("#name", "value").await, "typed");
    });
}

#[test]
fn a_page_without_network_notices() {
    on_page(FORM, Look::light(), async |_, page| {
        let ask = "fetch('/x').then(answer => answer.status, () => 'none')";
        assert_eq!(page.eval(ask).await, 200);
        page.offline(true).await;
        assert_eq!(page.eval(ask).await, "none");
        assert_eq!(page.eval("navigator.onLine").await, false);
        page.offline(false).await;
        assert_eq!(page.eval(ask).await, 200);
    });
}

#[test]
fn profiles_share_nothing() {
    run_alone(async {
        let address = server(FORM).await;
        let mine = Browser::start(address).await;
        let page = mine.open("/page").await;
        page.eval("document.cookie = 'mine=1', localStorage.mine = 1")
            .await;
        let second = mine.open("/page").await;
        assert_eq!(
            second.eval("document.cookie + localStorage.mine").await,
            "mine=11"
        );
        drop((page, second, mine));
        let other = Browser::start(address).await;
        let page = other.open("/page").await;
        assert_eq!(
            page.eval("document.cookie + localStorage.mine").await,
            "undefined"
        );
    });
}

#[test]
fn accessibility_is_checked_and_pictures_are_taken() {
    let html = r#"<!doctype html><html lang="en"><title>x</title><main><h1>x</h1>
        <input><img src="data:,x"></main>"#;
    on_page(html, Look::dark(), async |_, page| {
        let found = page.axe().await;
        let rules: Vec<&str> = found
            .iter()
            .map(|violation| violation.rule.as_str())
            .collect();
        assert!(
            rules.contains(&"label") && rules.contains(&"image-alt"),
            "{rules:?}"
        );
        let label = found
            .iter()
            .find(|violation| violation.rule == "label")
            .unwrap();
        assert!(
            !label.help.is_empty() && label.elements.len() == 1,
            "{label:?}"
        );
        page.take_problems().await;
        let picture = page.screenshot().await;
        assert!(picture.starts_with(b"\x89PNG"));
    });
    on_page(FORM, Look::light(), async |_, page| {
        page.assert_accessible().await;
    });
}
