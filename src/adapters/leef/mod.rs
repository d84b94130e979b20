//! `QRadar` Log Event Extended Format: `LEEF:1.0|vendor|product|version|event|` and pairs parted by
//! tabs, or `LEEF:2.0|vendor|product|version|event|^|` and pairs parted by what it says.
//!
//! | of the event | from |
//! |---|---|
//! | `source_name` | `devName`; else the host of the header before it; else vendor and product |
//! | `event_type` | `cat`; else the product |
//! | `severity` | `sev`, as of CEF |
//! | `description` | `msg`, else the event's id with who and where |
//! | `occurred_at` | `devTime`, by `devTimeFormat` where it names a form |
//!
//! The names of the pairs go through the table of `cef`; unknown ones are labels.

#[cfg(test)]
mod tests;
mod time;

use std::borrow::Cow;

use serde_json::Value;

use super::cef::{self, kind, put, said};
use super::json::Weight;
use super::{Context, Draft, Format, each_line, severity, text};

/// `QRadar` Log Event Extended Format.
pub const FORMAT: Format = Format {
    name: "leef",
    aliases: &["qradar"],
    title: "QRadar Log Event Extended Format",
    read: |body, cx, sink| each_line(body, sink, |line| text::read(line, Draft::default(), cx)),
};

/// Pairs read of a record.
const PAIRS_MAX: usize = 256;
/// Longest name, in bytes.
const NAME_MAX: usize = 128;

/// Finds LEEF in the first `within` bytes of a line: what stands before it, and it.
pub(super) fn find(line: &str, within: usize) -> Option<(&str, &str)> {
    cef::found(line, "LEEF:", within)
}

/// A record's parts.
#[derive(Clone, Debug, PartialEq)]
struct Leef<'a> {
    vendor: &'a str,
    product: &'a str,
    version: &'a str,
    event: &'a str,
    pairs: Vec<(&'a str, Cow<'a, str>)>,
}

/// Gives a draft what a record says; `None` when the text is no record.
pub(super) fn look(text: &str, draft: &mut Draft, cx: &Context<'_>) -> Option<Weight> {
    let leef = parts(text)?;
    let said = |name: &str| said(&leef.pairs, name);
    let fields = &mut draft.fields;
    fields.set("event.module", Some("leef"));
    fields.set("event.kind", Some("event"));
    fields.set("observer.vendor", Some(leef.vendor));
    fields.set("observer.product", Some(leef.product));
    fields.set("observer.version", Some(leef.version));
    fields.set("rule.id", Some(leef.event));
    fields.set("event.code", Some(leef.event));
    put(&leef.pairs, draft);
    draft.logsource(
        &leef.product.to_ascii_lowercase().replace(' ', "-"),
        None,
        None,
    );
    let product = format!("{} {}", leef.vendor, leef.product);
    let host = draft
        .fields
        .get("observer.name")
        .and_then(Value::as_str)
        .map(str::to_owned);
    draft.source_name = host
        .or(draft.source_name.take())
        .or_else(|| Some(product.trim().to_owned()));
    draft.event_type = kind(said("cat"), leef.product);
    let time = said("devTime").and_then(|time| time::read(time, said("devTimeFormat"), cx.now));
    draft.occurred_at = time.or(draft.occurred_at);
    draft.description =
        cef::description(leef.event, said("msg").or_else(|| said("message")), draft);
    let Some(sev) = said("sev").or_else(|| said("severity")) else {
        return Some(Weight::None);
    };
    draft.said = Some(sev.to_owned());
    let found = sev
        .parse()
        .map_or_else(|_| severity::word(sev), severity::cef);
    draft.fields.set("event.severity", sev.parse::<u64>().ok());
    Some(if found.is_some() {
        draft.severity = found;
        Weight::Threat
    } else {
        Weight::None
    })
}

/// Reads a text that begins with `LEEF:`; `None` when parts of the header are missing.
fn parts(text: &str) -> Option<Leef<'_>> {
    let mut parts = text.strip_prefix("LEEF:")?.splitn(6, '|');
    let version = parts.next()?.trim();
    let (vendor, product, number) = (
        parts.next()?.trim(),
        parts.next()?.trim(),
        parts.next()?.trim(),
    );
    let (event, rest) = (parts.next()?.trim(), parts.next().unwrap_or_default());
    let (mark, attributes) = if version.starts_with('2') {
        delimited(rest)
    } else {
        ("\t".into(), rest)
    };
    Some(Leef {
        vendor,
        product,
        version: number,
        event,
        pairs: pairs(attributes, &mark),
    })
}

/// The delimiter of LEEF 2.0 and what follows it: a character, `x09`, `0x5E`, or nothing for a tab.
/// Some products leave the whole part out.
fn delimited(rest: &str) -> (Cow<'_, str>, &str) {
    if let Some(behind) = rest.strip_prefix("||") {
        return ("|".into(), behind);
    }
    let Some((named, behind)) = rest
        .split_once('|')
        .filter(|(named, _)| !named.contains('='))
    else {
        return ("\t".into(), rest);
    };
    let hex = named
        .strip_prefix("0x")
        .or_else(|| named.strip_prefix('x'))
        .filter(|hex| (2..=6).contains(&hex.len()));
    let mark = hex
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .and_then(char::from_u32);
    match mark {
        Some(mark) => (mark.to_string().into(), behind),
        None if named.is_empty() || named == "\\t" => ("\t".into(), behind),
        None => (named.into(), behind),
    }
}

/// The pairs. Relays write tabs as spaces or `#011`; then the names tell where values end.
fn pairs<'a>(text: &'a str, mark: &str) -> Vec<(&'a str, Cow<'a, str>)> {
    let mark = if mark == "\t" && !text.contains('\t') && text.contains("#011") {
        "#011"
    } else {
        mark
    };
    if mark == "\t" && !text.contains('\t') && text.contains(' ') {
        return cef::extension(text);
    }
    text.split(mark)
        .filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            let good = (1..=NAME_MAX).contains(&name.len());
            good.then(|| (name.trim(), Cow::Borrowed(value.trim())))
        })
        .take(PAIRS_MAX)
        .collect()
}
