//! Firewalls that write pairs: netfilter, `FortiGate`, `SonicWall`.

use super::super::json::address;
use super::super::text::moment;
use super::super::{Context, Draft};
use super::{Pair, of};

/// Who wrote the pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// The kernel of Linux: iptables, nftables, UFW.
    Netfilter,
    /// Fortinet's `FortiGate`.
    FortiGate,
    /// `SonicWall`.
    SonicWall,
    /// Anything else.
    Other,
}

/// Recognises a device by the names it alone uses together.
pub(super) fn device(pairs: &[Pair<'_>]) -> Device {
    let has = |name: &str| pairs.iter().any(|pair| pair.name == name);
    if has("SRC") && has("DST") && has("PROTO") {
        Device::Netfilter
    } else if has("devid") && has("logid") || has("devname") && has("vd") {
        Device::FortiGate
    } else if has("sn") && has("fw") && has("pri") {
        Device::SonicWall
    } else {
        Device::Other
    }
}

impl Device {
    /// Whether a name means something else here than elsewhere.
    pub(super) fn is_own(self, name: &str) -> bool {
        match self {
            Self::FortiGate => matches!(
                name,
                "service" | "app" | "date" | "time" | "type" | "pri" | "hostname" | "locip"
            ),
            Self::SonicWall => matches!(name, "pri" | "id" | "c" | "m" | "n"),
            Self::Netfilter => matches!(name, "ID" | "TYPE" | "CODE" | "MARK"),
            Self::Other => false,
        }
    }

    /// Gives a draft what only this device's lines say; `false` when the other pairs are not worth
    /// keeping beside the line.
    pub(super) fn give(
        self,
        line: &str,
        pairs: &[Pair<'_>],
        draft: &mut Draft,
        cx: &Context<'_>,
    ) -> bool {
        match self {
            Self::Netfilter => netfilter(line, pairs, draft),
            Self::FortiGate => fortigate(pairs, draft, cx),
            Self::SonicWall => sonicwall(pairs, draft),
            Self::Other => return true,
        }
        self != Self::Netfilter
    }
}

/// `[UFW BLOCK] IN=eth0 OUT= SRC=… DST=… PROTO=TCP SPT=… DPT=…`
fn netfilter(line: &str, pairs: &[Pair<'_>], draft: &mut Draft) {
    let prefix = pairs
        .first()
        .and_then(|first| line.get(..first.at))
        .unwrap_or_default();
    let is_one = |words: &[&str]| {
        prefix
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
    };
    let blocked = is_one(&[
        "block", "blocked", "drop", "dropped", "deny", "denied", "reject", "rejected",
    ]);
    let allowed = is_one(&["allow", "allowed", "accept", "accepted", "pass"]);
    if blocked || allowed {
        draft.fields.set(
            "event.action",
            Some(if blocked { "blocked" } else { "allowed" }),
        );
        draft.fields.set(
            "event.type",
            Some(if blocked { "denied" } else { "allowed" }),
        );
    }
    draft.fields.set("event.category", Some("network"));
    for (name, path) in [
        ("IN", "observer.ingress.interface.name"),
        ("OUT", "observer.egress.interface.name"),
        ("TYPE", "icmp.type"),
    ] {
        draft.fields.set(path, of(pairs, name));
    }
    draft.event_type = Some(if is_one(&["ufw"]) { "ufw" } else { "netfilter" }.to_owned());
    draft.logsource("linux", None, Some("firewall"));
}

fn fortigate(pairs: &[Pair<'_>], draft: &mut Draft, cx: &Context<'_>) {
    let fields = &mut draft.fields;
    fields.set("observer.vendor", Some("Fortinet"));
    fields.set("observer.product", Some("FortiGate"));
    fields.set("observer.serial_number", of(pairs, "devid"));
    fields.set("event.code", of(pairs, "logid"));
    fields.set(
        "network.protocol",
        of(pairs, "service").map(str::to_ascii_lowercase),
    );
    fields.set("network.application", of(pairs, "app"));
    // The name in the address that was asked for; the host itself is `devname`.
    fields.set("url.domain", of(pairs, "hostname"));
    // Its own end of a tunnel.
    let own = of(pairs, "locip").filter(|_| fields.get("destination.ip").is_none());
    fields.address("destination.ip", own);
    fields.set(
        "rule.id",
        of(pairs, "attackid").or_else(|| of(pairs, "policyid")),
    );
    fields.set(
        "rule.name",
        of(pairs, "attack")
            .or_else(|| of(pairs, "virus"))
            .or_else(|| of(pairs, "policyname")),
    );
    let (kind, sub) = (of(pairs, "type"), of(pairs, "subtype"));
    fields.set("event.category", kind);
    let kind = [Some("fortigate"), kind, sub];
    let kind: Vec<&str> = kind.into_iter().flatten().collect();
    draft.event_type = Some(kind.join("-"));
    if of(pairs, "eventtime").is_none()
        && let (Some(date), Some(time)) = (of(pairs, "date"), of(pairs, "time"))
    {
        let zone = of(pairs, "tz").unwrap_or_default();
        draft.occurred_at =
            moment::written(&format!("{date} {time} {zone}"), cx.now).or(draft.occurred_at);
    }
    if draft.description.is_empty() {
        let action = of(pairs, "action");
        let words: Vec<&str> = kind.iter().copied().chain(action).collect();
        draft.description = with_ends(&words.join(" "), draft);
    }
    draft.logsource("fortigate", sub, Some("firewall"));
}

/// `src=192.0.2.1:43051:X1:name dst=… proto=tcp/https m=82 msg="…"`
fn sonicwall(pairs: &[Pair<'_>], draft: &mut Draft) {
    let fields = &mut draft.fields;
    fields.set("observer.vendor", Some("SonicWall"));
    fields.set("observer.serial_number", of(pairs, "sn"));
    fields.set("event.code", of(pairs, "m"));
    fields.set(
        "network.protocol",
        of(pairs, "proto")
            .and_then(|it| it.split_once('/'))
            .map(|it| it.1),
    );
    for (name, path) in [
        ("src", "observer.ingress.interface.name"),
        ("dst", "observer.egress.interface.name"),
    ] {
        let interface = of(pairs, name).filter(|value| address(value).is_some());
        fields.set(path, interface.and_then(|value| value.split(':').nth(2)));
    }
    if let Some(level) = of(pairs, "pri").and_then(|pri| pri.parse::<u8>().ok()) {
        draft.severity = Some(super::super::severity::syslog(level));
        draft.said = Some(level.to_string());
    }
    draft.event_type = Some("sonicwall".to_owned());
    draft.logsource("sonicwall", None, Some("firewall"));
}

/// Words, and both ends behind them as far as they are known.
fn with_ends(words: &str, draft: &Draft) -> String {
    let end = |ip: &str, port: &str| {
        let ip = draft.fields.get(ip)?.as_str()?;
        let port = draft.fields.get(port).and_then(serde_json::Value::as_u64);
        Some(port.map_or_else(|| ip.to_owned(), |port| format!("{ip} port {port}")))
    };
    let source = end("source.ip", "source.port");
    let destination = end("destination.ip", "destination.port");
    match (source, destination) {
        (Some(source), Some(destination)) => format!("{words}: {source} → {destination}"),
        (Some(end), None) | (None, Some(end)) => format!("{words}: {end}"),
        (None, None) => words.to_owned(),
    }
}
