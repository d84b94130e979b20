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

use super::cef::{self, Device, judge, kind, put, said};
use super::json::Weight;
use super::{Context, Draft, Format, text};

/// `QRadar` Log Event Extended Format.
pub const FORMAT: Format = Format {
    name: "leef",
    aliases: &["qradar"],
    title: "QRadar Log Event Extended Format",
    read: text::lines,
};

/// Pairs read of a record.
const PAIRS_MAX: usize = 256;
/// Longest name, in bytes.
const NAME_MAX: usize = 128;

/// A record's parts.
#[derive(Clone, Debug)]
struct Leef<'a> {
    device: Device<'a>,
    pairs: Vec<(&'a str, Cow<'a, str>)>,
}

/// Gives a draft what a record says; `None` when the text is no record.
pub(super) fn look(text: &str, draft: &mut Draft, cx: &Context<'_>) -> Option<Weight> {
    let leef = parts(text)?;
    let said = |name: &str| said(&leef.pairs, name);
    leef.device.put("leef", draft);
    draft.fields.set("event.code", Some(leef.device.class));
    put(&leef.pairs, draft);
    leef.device.name(draft);
    draft.event_type = kind(said("cat"), leef.device.product);
    let time = said("devTime").and_then(|time| time::read(time, said("devTimeFormat"), cx.now));
    draft.occurred_at = time.or(draft.occurred_at);
    let message = said("msg").or_else(|| said("message"));
    draft.description = cef::description(leef.device.class, message, draft);
    let word = said("sev").or_else(|| said("severity"));
    Some(judge(word.unwrap_or_default(), draft))
}

/// Reads a text that begins with `LEEF:`; `None` when parts of the header are missing.
fn parts(text: &str) -> Option<Leef<'_>> {
    let mut parts = text.strip_prefix("LEEF:")?.splitn(6, '|');
    let version = parts.next()?.trim();
    let device = Device {
        vendor: parts.next()?.trim(),
        product: parts.next()?.trim(),
        version: parts.next()?.trim(),
        class: parts.next()?.trim(),
    };
    let rest = parts.next().unwrap_or_default();
    let (mark, attributes) = if version.starts_with('2') {
        delimited(rest)
    } else {
        ("\t".into(), rest)
    };
    Some(Leef {
        device,
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
