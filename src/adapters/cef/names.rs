//! The extension's names, and the field each of them means. LEEF uses many of them too.

use std::borrow::Cow;

use super::super::Draft;
use super::super::json::{Given, address, outcome};
use super::said;

/// How a value becomes a field.
#[derive(Clone, Copy)]
enum As {
    Text,
    Number,
    Port,
    /// An address; anything else becomes the domain of the same end.
    End,
    Lower,
}

/// Labels kept of one record.
const LABELS_MAX: usize = 64;

/// Names of the dictionary (CEF 0 and 1) that have a field of their own.
#[expect(clippy::match_same_arms, reason = "a table: one line a field")]
fn known(name: &str) -> Option<(&'static str, As)> {
    Some(match name {
        "src" | "sourceAddress" | "c6a2" | "identSrc" => ("source.ip", As::End),
        "spt" | "sourcePort" | "srcPort" => ("source.port", As::Port),
        "shost" | "sourceHostName" | "identHostName" => ("source.domain", As::End),
        "smac" | "sourceMacAddress" | "srcMAC" | "identMac" => ("source.mac", As::Text),
        "sourceTranslatedAddress" | "srcPostNAT" => ("source.nat.ip", As::End),
        "sourceTranslatedPort" | "srcPostNATPort" => ("source.nat.port", As::Port),
        "suser" | "sourceUserName" | "usrName" | "accountName" => ("user.name", As::Text),
        "suid" | "sourceUserId" => ("user.id", As::Text),
        "sntdom" | "sourceNtDomain" | "domain" => ("user.domain", As::Text),
        "spriv" | "sourceUserPrivileges" | "role" => ("user.roles", As::Text),
        "sproc" | "sourceProcessName" => ("process.name", As::Text),
        "spid" | "sourceProcessId" => ("process.pid", As::Number),
        "dst" | "destinationAddress" | "c6a3" => ("destination.ip", As::End),
        "dpt" | "destinationPort" | "dstPort" => ("destination.port", As::Port),
        "dhost" | "destinationHostName" | "destinationDnsDomain" => ("destination.domain", As::End),
        "dmac" | "destinationMacAddress" | "dstMAC" => ("destination.mac", As::Text),
        "destinationTranslatedAddress" | "dstPostNAT" => ("destination.nat.ip", As::End),
        "destinationTranslatedPort" | "dstPostNATPort" => ("destination.nat.port", As::Port),
        "duser" | "destinationUserName" => ("user.target.name", As::Text),
        "duid" | "destinationUserId" => ("user.target.id", As::Text),
        "dntdom" | "destinationNtDomain" => ("user.target.domain", As::Text),
        "dproc" | "destinationProcessName" => ("process.name", As::Text),
        "dpid" | "destinationProcessId" => ("process.pid", As::Number),
        "dvc" | "deviceAddress" => ("observer.ip", As::End),
        "dvchost" | "deviceHostName" | "devName" => ("observer.name", As::Text),
        "dvcmac" | "deviceMacAddress" => ("observer.mac", As::Text),
        "deviceExternalId" => ("observer.serial_number", As::Text),
        "deviceInboundInterface" => ("observer.ingress.interface.name", As::Text),
        "deviceOutboundInterface" => ("observer.egress.interface.name", As::Text),
        "dvcpid" | "deviceProcessId" => ("process.pid", As::Number),
        "deviceProcessName" => ("process.name", As::Text),
        "deviceFacility" => ("log.syslog.facility.name", As::Text),
        "proto" | "transportProtocol" => ("network.transport", As::Lower),
        "app" | "applicationProtocol" => ("network.protocol", As::Lower),
        "in" | "bytesIn" | "srcBytes" => ("source.bytes", As::Number),
        "out" | "bytesOut" | "dstBytes" => ("destination.bytes", As::Number),
        "act" | "deviceAction" | "action" => ("event.action", As::Text),
        "cat" | "deviceEventCategory" => ("event.category", As::Text),
        "externalId" => ("event.id", As::Text),
        "reason" => ("event.reason", As::Text),
        "cnt" | "baseEventCount" => ("event.count", As::Number),
        "request" | "requestUrl" | "url" => ("url.original", As::Text),
        "requestMethod" | "method" => ("http.request.method", As::Text),
        "requestClientApplication" | "requestUserAgent" | "userAgent" => {
            ("user_agent.original", As::Text)
        }
        "requestContext" => ("http.request.referrer", As::Text),
        "fname" | "fileName" => ("file.name", As::Text),
        "filePath" | "resource" => ("file.path", As::Text),
        "fsize" | "fileSize" => ("file.size", As::Number),
        "fileType" => ("file.type", As::Text),
        "policy" => ("rule.ruleset", As::Text),
        _ => return None,
    })
}

/// Gives a draft what the pairs say.
pub(in super::super) fn put(pairs: &[(&str, Cow<'_, str>)], draft: &mut Draft) {
    let mut labels = 0_usize;
    // A program of the one end with the number of the other's would be none of either.
    let program = pairs.iter().find_map(|(name, _)| end_of_program(name));
    for (name, value) in pairs {
        let Some(text) = Given::Text(value).text() else {
            continue;
        };
        let other = end_of_program(name).is_some_and(|end| Some(end) != program);
        if let Some((path, how)) = known(name).filter(|_| !other) {
            set(draft, path, how, text);
        } else if *name == "outcome" || *name == "categoryOutcome" {
            draft
                .fields
                .set_if_absent("event.outcome", outcome(Given::Text(text)));
        } else if *name == "fileHash" || *name == "hash" {
            set_hash(draft, text);
        } else if *name == "deviceDirection" {
            draft.fields.set(
                "network.direction",
                match text {
                    "0" => Some("inbound"),
                    "1" => Some("outbound"),
                    _ => None,
                },
            );
        } else if !is_told_elsewhere(name) && labels < LABELS_MAX {
            labels = labels.saturating_add(1);
            let label = custom(name).and_then(|name| said(pairs, &name));
            draft
                .fields
                .label(&label.map_or_else(|| (*name).to_owned(), slug), Some(text));
        }
    }
}

/// Whose program a name is about: the source's, the destination's or the device's.
fn end_of_program(name: &str) -> Option<u8> {
    let (path, _) = known(name)?;
    path.starts_with("process.").then(|| {
        if name.starts_with("dvc") || name.starts_with("device") {
            2
        } else {
            u8::from(name.starts_with('d'))
        }
    })
}

fn set(draft: &mut Draft, path: &str, how: As, text: &str) {
    let fields = &mut draft.fields;
    match how {
        As::Text => fields.set_if_absent(path, Some(text)),
        As::Lower => fields.set(path, Some(text.to_ascii_lowercase())),
        As::Number => fields.set(path, text.parse::<u64>().ok()),
        As::Port => fields.set(path, text.parse::<u16>().ok().filter(|port| *port != 0)),
        As::End => {
            let side = path.rsplit_once('.').map_or(path, |(side, _)| side);
            match address(text) {
                Some((ip, port)) => {
                    fields
                        .set_if_absent(&format!("{side}.ip"), Some(ip.to_canonical().to_string()));
                    fields.set_if_absent(&format!("{side}.port"), port);
                }
                None if !text.starts_with('$') && !text.contains([' ', '|']) => {
                    fields.set_if_absent(&format!("{side}.domain"), Some(text));
                }
                None => {}
            }
        }
    }
}

/// A digest by its length; other files' hashes are no digests.
fn set_hash(draft: &mut Draft, text: &str) {
    let path = match text.len() {
        32 => "file.hash.md5",
        40 => "file.hash.sha1",
        64 => "file.hash.sha256",
        _ => "labels.file_hash",
    };
    draft.fields.set(path, Some(text));
}

/// Times and messages are fields of the event; a label names another pair.
fn is_told_elsewhere(name: &str) -> bool {
    matches!(
        name,
        "rt" | "deviceReceiptTime"
            | "start"
            | "startTime"
            | "end"
            | "endTime"
            | "msg"
            | "message"
            | "devTime"
            | "devTimeFormat"
            | "sev"
    ) || name.ends_with("Label")
}

/// The name under which the label of a custom field stands.
fn custom(name: &str) -> Option<String> {
    const CUSTOM: [&str; 9] = [
        "cs",
        "cn",
        "cfp",
        "c6a",
        "flexString",
        "flexNumber",
        "flexDate",
        "deviceCustomDate",
        "deviceCustomString",
    ];
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let kind = name.get(..name.len().checked_sub(digits)?)?;
    (digits > 0 && CUSTOM.contains(&kind)).then(|| format!("{name}Label"))
}

/// A label as a name: small letters and digits, `_` between.
fn slug(label: &str) -> String {
    let mut slug = String::with_capacity(label.len());
    for c in label.trim().chars() {
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
        } else if !slug.ends_with('_') && !slug.is_empty() {
            slug.push('_');
        }
    }
    slug.trim_end_matches('_').to_owned()
}
