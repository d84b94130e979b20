//! Lines of web servers' access logs, in the common and the combined format.

use super::super::json::address;
use super::super::lines::closing_quote;
use super::super::{Context, Draft};
use super::moment;

/// Reads `192.0.2.1 - ana [20/Nov/2026:17:24:10 +0000] "GET / HTTP/1.1" 200 52 "-" "curl"`, also
/// with a host's name before it; `false` when the line is none.
pub(super) fn look(line: &str, draft: &mut Draft, cx: &Context<'_>) -> bool {
    let Some(found) = read(line) else {
        return false;
    };
    let fields = &mut draft.fields;
    match address(found.client) {
        Some((client, _)) => fields.set("source.ip", Some(client.to_canonical().to_string())),
        None => fields.set(
            "source.domain",
            (found.client != "-").then_some(found.client),
        ),
    }
    fields.set("user.name", (found.user != "-").then_some(found.user));
    fields.set("http.request.method", Some(found.method));
    fields.set("url.original", Some(found.target));
    fields.set("http.version", found.version);
    fields.set("http.response.status_code", Some(found.status));
    fields.set("http.response.body.bytes", found.bytes);
    fields.set("http.request.referrer", found.referrer);
    fields.set("user_agent.original", found.agent);
    fields.set(
        "event.outcome",
        Some(if found.status < 400 {
            "success"
        } else {
            "failure"
        }),
    );
    fields.set("event.category", Some("web"));
    draft.occurred_at = moment::written(found.time, cx.now).or(draft.occurred_at);
    draft.event_type = Some("http-access".to_owned());
    draft.logsource("", None, Some("webserver"));
    true
}

struct Found<'a> {
    client: &'a str,
    user: &'a str,
    time: &'a str,
    method: &'a str,
    target: &'a str,
    version: Option<&'a str>,
    status: u16,
    bytes: Option<u64>,
    referrer: Option<&'a str>,
    agent: Option<&'a str>,
}

fn read(line: &str) -> Option<Found<'_>> {
    let (before, rest) = line.split_once(" [")?;
    let (time, rest) = rest.split_once("] \"")?;
    let mut names = before.split(' ').filter(|word| !word.is_empty());
    let first = names.next()?;
    let names: Vec<&str> = names.take(4).collect();
    // A virtual host may stand before the client, who is always followed by two words.
    let (client, user) = match names.as_slice() {
        [_, user] => (first, *user),
        [client, _, user] if address(client).is_some() => (*client, *user),
        // BunkerWeb adds the request's id.
        [client, _, user, _] if address(client).is_some() => (*client, *user),
        _ => return None,
    };
    // Within the quotes a quote is written \" or \x22.
    let end = closing_quote(rest)?;
    let (request, rest) = (rest.get(..end)?, rest.get(end.saturating_add(1)..)?);
    let (method, request) = request.split_once(' ')?;
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let (target, version) = match request.rsplit_once(" HTTP/") {
        Some((target, version)) => (target, Some(version)),
        None => (request, None),
    };
    let mut words = rest.trim_start().splitn(3, ' ');
    let status = words
        .next()?
        .parse()
        .ok()
        .filter(|status| (100..=999).contains(status))?;
    let bytes = words.next().and_then(|bytes| bytes.trim().parse().ok());
    let mut quoted = words.next().map(quotes).unwrap_or_default().into_iter();
    let said = |text: &&str| !text.is_empty() && *text != "-";
    Some(Found {
        client,
        user,
        time,
        method,
        target,
        version,
        status,
        bytes,
        referrer: quoted.next().filter(said),
        agent: quoted.next().filter(said),
    })
}

/// The first two texts in quotes.
fn quotes(text: &str) -> Vec<&str> {
    let mut found = Vec::with_capacity(2);
    let mut rest = text;
    while found.len() < 2 {
        let Some((_, behind)) = rest.split_once('"') else {
            break;
        };
        let Some(end) = closing_quote(behind) else {
            break;
        };
        found.push(behind.get(..end).unwrap_or_default());
        rest = behind.get(end.saturating_add(1)..).unwrap_or_default();
    }
    found
}
