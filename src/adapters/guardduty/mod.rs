//! Amazon `GuardDuty`'s findings, and those Security Hub passes on: bare, in `EventBridge`'s envelope, in a
//! notification of SNS, and as the API lists them.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | the sender |
//! | `event_type` | `guardduty-` and the first word of the finding's type; `securityhub-finding` |
//! | `severity` | `severity`, see `severity`; of Security Hub its label |
//! | `description` | the title, the resource, the party outside, how often |
//! | `ip_address` | the remote address of the action |
//! | `occurred_at` | `service.eventLastSeen`, else `updatedAt` |
//! | `key` | `id` and `service.count`: the same finding comes again when it was seen again |
//! | `attributes` | below; the finding whole under `guardduty` or `securityhub` |

mod hub;
mod remote;
#[cfg(test)]
mod tests;

pub(super) use hub::several;

use base::Severity::{self, Critical, High, Info, Low, Medium};
use serde_json::Value;

use super::attack::Attack;
use super::fit::Original;
use super::members::{As, Row, copy, first, number, text, word};
use super::sentence::told;
use super::{
    Context, Draft, Format, Object, Read, Record, each_object, envelope, parse_time, read_object,
    refused,
};

/// `GuardDuty`'s findings.
pub const FORMAT: Format = Format {
    name: "guardduty",
    aliases: &["securityhub"],
    title: "Amazon GuardDuty findings",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

const ROWS: &[Row] = &[
    ("event.id", As::Text, &["id"]),
    ("event.severity", As::Number, &["severity"]),
    ("event.start", As::Text, &["service.eventFirstSeen"]),
    ("event.end", As::Text, &["service.eventLastSeen"]),
    ("event.count", As::Number, &["service.count"]),
    ("rule.name", As::Text, &["type"]),
    ("cloud.account.id", As::Text, &["accountId"]),
    ("cloud.region", As::Text, &["region"]),
    (
        "cloud.instance.id",
        As::Text,
        &["resource.instanceDetails.instanceId"],
    ),
    (
        "host.id",
        As::Text,
        &["resource.instanceDetails.instanceId"],
    ),
    (
        "user.name",
        As::Text,
        &[
            "resource.accessKeyDetails.userName",
            "resource.kubernetesDetails.kubernetesUserDetails.username",
            "resource.rdsDbUserDetails.user",
        ],
    ),
    (
        "user.id",
        As::Text,
        &["resource.accessKeyDetails.principalId"],
    ),
    (
        "user.type",
        As::Text,
        &["resource.accessKeyDetails.userType"],
    ),
    (
        "aws.access_key.id",
        As::Text,
        &["resource.accessKeyDetails.accessKeyId"],
    ),
    (
        "aws.bucket.name",
        As::Text,
        &["resource.s3BucketDetails.name"],
    ),
    (
        "aws.function.name",
        As::Text,
        &["resource.lambdaDetails.functionName"],
    ),
    (
        "aws.database.name",
        As::Text,
        &["resource.rdsDbInstanceDetails.dbInstanceIdentifier"],
    ),
    (
        "orchestrator.cluster.name",
        As::Text,
        &[
            "resource.eksClusterDetails.name",
            "resource.ecsClusterDetails.name",
        ],
    ),
    (
        "container.image.name",
        As::Text,
        &[
            "resource.containerDetails.image",
            "resource.ecsClusterDetails.taskDetails.containers.image",
        ],
    ),
    (
        "process.executable",
        As::Text,
        &["service.runtimeDetails.process.executablePath"],
    ),
    (
        "process.pid",
        As::Number,
        &["service.runtimeDetails.process.pid"],
    ),
    (
        "process.name",
        As::Text,
        &["service.runtimeDetails.process.name"],
    ),
    (
        "file.hash.sha256",
        As::Text,
        &["service.runtimeDetails.process.executableSha256"],
    ),
];

/// Whether an object is one.
pub(super) fn is(object: &Object) -> bool {
    if is_finding(object) {
        return true;
    }
    if let Some(detail) = object.get("detail").and_then(Value::as_object) {
        return is_finding(detail) || hub::is_list(detail);
    }
    let message = object.get("Message").and_then(Value::as_str);
    object.contains_key("TopicArn")
        && message.is_some_and(|message| {
            message.contains("aws.guardduty")
                || message.contains("aws.securityhub")
                || message.contains("SubscribeURL")
                || object.contains_key("SubscribeURL")
        })
}

fn is_finding(object: &Object) -> bool {
    let is = |[kind, severity, resource, service]: [&str; 4]| {
        text(object, kind).is_some_and(|kind| kind.contains(':'))
            && object.get(severity).is_some_and(Value::is_number)
            && [resource, service]
                .iter()
                .all(|name| object.get(*name).is_some_and(Value::is_object))
    };
    is(["type", "severity", "resource", "service"])
        || is(["Type", "Severity", "Resource", "Service"])
        || hub::is(object)
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    if record.object.contains_key("TopicArn") {
        return notification(record, cx);
    }
    match envelope::inner(record, "detail") {
        Some(detail) => finding(&detail, cx),
        None => finding(record, cx),
    }
}

/// What SNS delivers: the finding as a text, or the question whether it may deliver.
fn notification(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    if let Some(url) = text(whole, "SubscribeURL") {
        let mut draft = Draft {
            event_type: Some("sns-confirmation".to_owned()),
            severity: Some(Low),
            occurred_at: text(whole, "Timestamp").and_then(parse_time),
            key: text(whole, "MessageId").map(str::to_owned),
            description: format!(
                "Amazon SNS asks whether it may send here. Open this address within three days: {}",
                super::sentence::clean(url, 2_048)
            ),
            ..Draft::default()
        };
        draft.fields.set("event.module", Some("sns"));
        return draft.finish(cx, Original::Nothing);
    }
    let Some(message) = text(whole, "Message") else {
        return Err(refused("Message", "must hold the finding as a text"));
    };
    let inside = read_object(message.as_bytes())?;
    match envelope::inner(&inside, "detail") {
        Some(detail) => finding(&detail, cx),
        None => finding(&inside, cx),
    }
}

fn finding(record: &Record<'_>, cx: &Context<'_>) -> Read {
    if let Some(read) = hub::read(record, cx) {
        return read;
    }
    // The API's names begin with capitals, EventBridge's do not.
    let camel;
    let whole = if record.object.contains_key("Type") {
        camel = lower_first(&record.object);
        &camel
    } else {
        &record.object
    };
    let Some(kind) = text(whole, "type") else {
        return Err(refused("type", "must be the type of the finding"));
    };
    let said = super::members::at(whole, "severity").and_then(Value::as_f64);
    let Some(said) = said.filter(|said| (0.0..=10.0).contains(said)) else {
        return Err(refused("severity", "must be a number from 0 to 10"));
    };
    let purpose = kind.split(':').next().unwrap_or(kind);
    let is_archived =
        whole.get("service").and_then(|it| it.get("archived")) == Some(&Value::Bool(true));
    let mut draft = Draft {
        event_type: Some(format!("guardduty-{purpose}")),
        severity: Some(if is_archived { Info } else { severity(said) }),
        said: word(whole, "severity"),
        occurred_at: first(whole, &["service.eventLastSeen", "updatedAt", "createdAt"])
            .and_then(parse_time),
        key: key(whole),
        tags: vec!["guardduty".to_owned()],
        ..Draft::default()
    };
    if is_archived {
        draft.tag("archived");
    }
    if whole
        .get("service")
        .and_then(|it| it.get("additionalInfo")?.get("sample"))
        == Some(&Value::Bool(true))
    {
        draft.tag("sample");
    }
    common(&mut draft, "guardduty", "GuardDuty");
    draft.logsource("aws", Some("guardduty"), None);
    copy(&mut draft.fields, whole, ROWS);
    remote::put(&mut draft, whole);
    let mut attack = Attack::default();
    attack.read(&spaced(purpose));
    attack.put(&mut draft);
    let what = first(whole, &["title", "description"]).unwrap_or(kind);
    draft.description = told(what, &draft.fields, &PARTS);
    let name = Original::Json("guardduty", &record.object, record.raw);
    draft.finish(cx, name)
}

const PARTS: [(&str, &str); 9] = [
    ("", "rule.name"),
    ("instance", "cloud.instance.id"),
    ("user", "user.name"),
    ("bucket", "aws.bucket.name"),
    ("cluster", "orchestrator.cluster.name"),
    ("remote", "remote.ip"),
    ("domain", "dns.question.name"),
    ("seen", "event.count"),
    ("account", "cloud.account.id"),
];

/// Gives the severity of a finding by `GuardDuty`'s own bounds: below 4 LOW, below 7 MEDIUM, below 9
/// HIGH, from 9 on CRITICAL.
#[must_use]
const fn severity(number: f64) -> Severity {
    if number >= 9.0 {
        Critical
    } else if number >= 7.0 {
        High
    } else if number >= 4.0 {
        Medium
    } else {
        Low
    }
}

fn key(whole: &Object) -> Option<String> {
    let id = text(whole, "id")?;
    let seen = number(whole, "service.count").map(|count| count.to_string());
    let seen = seen.or_else(|| text(whole, "updatedAt").map(str::to_owned));
    Some(format!("{id}/{}", seen.unwrap_or_default()))
}

fn common(draft: &mut Draft, module: &str, product: &str) {
    let fields = &mut draft.fields;
    fields.set("event.kind", Some("alert"));
    fields.set("event.module", Some(module));
    fields.set("event.dataset", Some(format!("aws.{module}")));
    fields.set("cloud.provider", Some("aws"));
    fields.set("observer.vendor", Some("AWS"));
    fields.set("observer.product", Some(product));
}

/// `CredentialAccess` as `Credential Access`.
fn spaced(word: &str) -> String {
    let mut spaced = String::with_capacity(word.len().saturating_add(2));
    for c in word.chars().take(64) {
        if c.is_ascii_uppercase() && !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    // The two whose words differ.
    match spaced.as_str() {
        "Recon" => "Reconnaissance".to_owned(),
        _ => spaced,
    }
}

/// The same with small letters at the beginning of names. A record is nested at most 32 deep.
fn lower_first(object: &Object) -> Object {
    let lower = |name: &String| match name.split_at_checked(1) {
        Some((first, rest)) => format!("{}{rest}", first.to_ascii_lowercase()),
        None => name.clone(),
    };
    object
        .iter()
        .map(|(name, value)| (lower(name), lower_value(value)))
        .collect()
}

fn lower_value(value: &Value) -> Value {
    match value {
        Value::Object(inside) => Value::Object(lower_first(inside)),
        Value::Array(list) => Value::Array(list.iter().map(lower_value).collect()),
        other => other.clone(),
    }
}
