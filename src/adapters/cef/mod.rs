//! `ArcSight` Common Event Format: `CEF:0|vendor|product|version|class|name|severity|extension`.
//!
//! | of the event | from |
//! |---|---|
//! | `source_name` | `dvchost`; else the host of the header before it; else vendor and product |
//! | `event_type` | `cat`; else the product |
//! | `severity` | 0 to 3 LOW, 4 to 6 MEDIUM, 7 and 8 HIGH, 9 and 10 CRITICAL; or the word |
//! | `description` | the name, and `msg` |
//! | `occurred_at` | `rt`, `start`, `deviceReceiptTime`, `end` |
//! | `key` | `externalId`, together with the device, the class and `rt`: see `key` |
//!
//! The header becomes `observer.*`, `rule.id`, `rule.name`; the extension goes through `names`;
//! custom fields are kept as `labels.NAME` by the name their `Label` gives.

mod device;
mod extension;
mod header;
mod names;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

pub(super) use device::{Device, judge};
pub(super) use extension::extension;
pub(super) use names::put;

use super::json::{Given, Weight};
use super::text::moment;
use super::{Context, Draft, Format, text};
use header::Header;

/// `ArcSight` Common Event Format.
pub const FORMAT: Format = Format {
    name: "cef",
    aliases: &["arcsight"],
    title: "ArcSight Common Event Format",
    read: text::lines,
};

/// Finds a record in the first `within` characters of a line: it begins with a mark such as `CEF:`,
/// and a version behind it.
pub(super) fn find<'a>(line: &'a str, mark: &str, within: usize) -> Option<&'a str> {
    let end = line
        .char_indices()
        .nth(within)
        .map_or(line.len(), |(at, _)| at);
    let at = line.get(..end)?.find(mark)?;
    // LEEF ends as CEF begins.
    let (before, text) = line.split_at_checked(at)?;
    let behind = text.get(mark.len()..)?.trim_start().bytes().next()?;
    (behind.is_ascii_digit() && !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
        .then_some(text)
}

/// Gives a draft what a record says; `None` when the text is no record.
pub(super) fn look(text: &str, draft: &mut Draft, cx: &Context<'_>) -> Option<Weight> {
    let header = header::read(text)?;
    let pairs = extension(header.extension);
    let device = Device {
        vendor: &header.vendor,
        product: &header.product,
        version: &header.version,
        class: &header.class,
    };
    device.put("cef", draft);
    draft.fields.set("rule.name", Some(&*header.name));
    put(&pairs, draft);
    device.name(draft);
    let said = |name: &str| said(&pairs, name);
    draft.event_type = kind(
        said("cat").or_else(|| said("deviceEventCategory")),
        &header.product,
    );
    let host = draft
        .fields
        .get("host.name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    draft.key = draft.key.take().or_else(|| key(&header, &pairs, host));
    let times = [
        "rt",
        "deviceReceiptTime",
        "start",
        "startTime",
        "end",
        "endTime",
    ];
    let time = times
        .into_iter()
        .find_map(|name| moment::written(said(name)?, cx.now));
    draft.occurred_at = time.or(draft.occurred_at);
    draft.description = description(&header.name, said("msg").or_else(|| said("message")), draft);
    Some(judge(&header.severity, draft))
}

/// The value of a pair that says something.
pub(super) fn said<'p>(pairs: &'p [(&str, Cow<'_, str>)], name: &str) -> Option<&'p str> {
    let (_, value) = pairs.iter().find(|(known, _)| *known == name)?;
    Given::Text(value).text()
}

/// The category where it is a name, else the product.
pub(super) fn kind(category: Option<&str>, product: &str) -> Option<String> {
    const CATEGORY_MAX: usize = 64;
    let category = category.filter(|category| category.len() <= CATEGORY_MAX);
    let category = category.map(|category| category.trim_matches('/'));
    let kind = category.filter(|category| category.bytes().any(|byte| byte.is_ascii_alphabetic()));
    kind.or(Some(product)).map(str::to_owned)
}

/// The name, with the message where that says more, else with the ends of the connection.
pub(super) fn description(name: &str, message: Option<&str>, draft: &Draft) -> String {
    let name = name.trim();
    match message {
        Some(message) if name.is_empty() || message.starts_with(name) => message.to_owned(),
        Some(message) => format!("{name}: {message}"),
        None => super::sentence::told(
            name,
            &draft.fields,
            &[
                ("", "event.action"),
                ("user", "user.name"),
                ("from", "source.ip"),
                ("to", "destination.ip"),
            ],
        ),
    }
}

/// What the device calls this event.
///
/// `externalId` alone does not do: some products count from one after a restart, others give the
/// beginning and the end of a session the same. Only with the device, the class of event and the
/// device's own time is it a name that nothing else has.
fn key(header: &Header<'_>, pairs: &[(&str, Cow<'_, str>)], host: &str) -> Option<String> {
    let said = |name: &str| said(pairs, name);
    let (id, time) = (said("externalId")?, said("rt").or_else(|| said("end"))?);
    // A template that was not filled in.
    if id.starts_with('$') || time.starts_with('$') {
        return None;
    }
    let device = said("deviceExternalId")
        .or_else(|| said("dvchost"))
        .or_else(|| said("dvc"));
    let device = device.unwrap_or(host);
    let action = said("act").unwrap_or_default();
    Some(
        [
            &header.vendor,
            &header.product,
            device,
            &header.class,
            action,
            time,
            id,
        ]
        .join("|"),
    )
}
