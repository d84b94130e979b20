//! Findings in the format of Security Hub (ASFF), whoever made them.

use base::Severity::Info;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::members::{As, Row, copy, first, object, text, texts, word};
use super::super::severity;
use super::{common, parse_time};
use crate::adapters::attack::Attack;
use crate::adapters::fit::Original;
use crate::adapters::sentence::told;
use crate::adapters::{Context, Draft, Object, Read, Record};

const ROWS: &[Row] = &[
    ("event.id", As::Text, &["Id"]),
    ("event.start", As::Text, &["FirstObservedAt", "CreatedAt"]),
    ("event.end", As::Text, &["LastObservedAt", "UpdatedAt"]),
    ("rule.id", As::Text, &["GeneratorId"]),
    ("rule.name", As::Text, &["Title"]),
    ("cloud.account.id", As::Text, &["AwsAccountId"]),
    ("cloud.region", As::Text, &["Region", "Resources.Region"]),
    (
        "cloud.instance.id",
        As::Text,
        &["Resources.Details.AwsEc2Instance.InstanceId"],
    ),
    ("resource.id", As::Text, &["Resources.Id"]),
    ("resource.type", As::Text, &["Resources.Type"]),
    (
        "source.ip",
        As::Address,
        &[
            "Network.SourceIpV4",
            "Network.SourceIpV6",
            "Action.AwsApiCallAction.RemoteIpDetails.IpAddressV4",
        ],
    ),
    ("source.port", As::Port, &["Network.SourcePort"]),
    (
        "destination.ip",
        As::Address,
        &["Network.DestinationIpV4", "Network.DestinationIpV6"],
    ),
    ("destination.port", As::Port, &["Network.DestinationPort"]),
    ("process.name", As::Text, &["Process.Name"]),
    ("process.executable", As::Text, &["Process.Path"]),
    ("vulnerability.id", As::Text, &["Vulnerabilities.Id"]),
    ("observer.name", As::Text, &["ProductName"]),
];

/// Whether an object is a finding in that format.
pub(super) fn is(object: &Object) -> bool {
    ["ProductArn", "Title", "Severity", "Resources"]
        .iter()
        .all(|name| object.contains_key(*name))
}

/// Whether an envelope's `detail` holds such findings.
pub(super) fn is_list(detail: &Object) -> bool {
    object(detail, "findings").is_some()
        || detail
            .get("findings")
            .and_then(|list| list.get(0)?.as_object())
            .is_some_and(is)
}

/// The findings of a record that holds several: in `EventBridge`'s envelope, in a notification of
/// SNS, or listed by the API.
pub(in super::super) fn several(record: &Record<'_>) -> Option<Vec<Box<RawValue>>> {
    #[derive(Deserialize)]
    struct Holder<'a> {
        #[serde(borrow, alias = "findings")]
        detail: &'a RawValue,
    }
    let (mut text, mut holder) = (record.raw.get(), &record.object);
    let inside;
    if holder.contains_key("TopicArn") {
        text = holder.get("Message")?.as_str()?;
        inside = Record::read(text.as_bytes()).ok()?.object;
        holder = &inside;
    }
    let listed = |list: Option<&Value>| {
        let list = list.and_then(Value::as_array)?;
        (list.len() > 1 && list.iter().all(|it| it.as_object().is_some_and(is))).then_some(())
    };
    if let Some(detail) = object(holder, "detail") {
        listed(detail.get("findings"))?;
        text = serde_json::from_str::<Holder<'_>>(text).ok()?.detail.get();
    } else {
        listed(holder.get("findings"))?;
    }
    let list: Holder<'_> = serde_json::from_str(text).ok()?;
    serde_json::from_str(list.detail.get()).ok()
}

/// Reads one, or the first of a list where a record can be one event only, such as a line.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Option<Read> {
    let listed = record
        .object
        .get("findings")
        .and_then(|list| list.get(0)?.as_object());
    let whole = listed.unwrap_or(&record.object);
    if !is(whole) {
        return None;
    }
    Some(finding(whole, record, cx))
}

#[expect(clippy::too_many_lines, reason = "a table: one line a field")]
fn finding(whole: &Object, record: &Record<'_>, cx: &Context<'_>) -> Read {
    let label = first(
        whole,
        &["Severity.Label", "FindingProviderFields.Severity.Label"],
    );
    let over = matches!(text(whole, "RecordState"), Some("ARCHIVED"))
        || matches!(
            text(whole, "Workflow.Status"),
            Some("RESOLVED" | "SUPPRESSED")
        )
        || matches!(text(whole, "Compliance.Status"), Some("PASSED"));
    let id = text(whole, "Id");
    let mut draft = Draft {
        event_type: Some("securityhub-finding".to_owned()),
        severity: if over {
            Some(Info)
        } else {
            label.and_then(severity::threat)
        },
        said: label.map(str::to_owned),
        occurred_at: first(whole, &["LastObservedAt", "UpdatedAt", "CreatedAt"])
            .and_then(parse_time),
        key: id.map(|id| format!("{id}/{}", text(whole, "UpdatedAt").unwrap_or_default())),
        tags: vec!["securityhub".to_owned()],
        ..Draft::default()
    };
    common(&mut draft, "securityhub", "Security Hub");
    draft.logsource("aws", Some("securityhub"), None);
    copy(&mut draft.fields, whole, ROWS);
    let mut attack = Attack::default();
    for kind in texts(whole, "Types") {
        draft.fields.set_if_absent("rule.category", Some(kind));
        // `TTPs/Credential Access/…`
        if let Some(rest) = kind.strip_prefix("TTPs/") {
            attack.read(rest.split([':', '/']).next().unwrap_or(rest));
        }
    }
    attack.put(&mut draft);
    let what = text(whole, "Title").map(str::to_owned);
    let what = what
        .or_else(|| word(whole, "Description"))
        .unwrap_or_default();
    draft.description = told(
        &what,
        &draft.fields,
        &[
            ("", "observer.name"),
            ("resource", "resource.id"),
            ("from", "source.ip"),
            ("account", "cloud.account.id"),
        ],
    );
    if over {
        draft.tag("over");
    }
    let more = record
        .object
        .get("findings")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if more > 1 {
        draft.tag("several-findings");
    }
    draft.finish(
        cx,
        Original::Json("securityhub", &record.object, record.raw),
    )
}
