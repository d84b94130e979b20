//! AWS `CloudTrail`: files of records, single records, and `EventBridge`'s envelope.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | the sender |
//! | `event_type` | `cloudtrail-` and the service: `cloudtrail-iam` |
//! | `severity` | see `severity`; the source's map knows the names of calls |
//! | `description` | the call, by whom, from where, how it ended |
//! | `ip_address` | `sourceIPAddress`, where it is one |
//! | `occurred_at` | `eventTime` |
//! | `tags` | `cloudtrail`, the service, `failure` |
//! | `key` | `eventID` |
//! | `attributes` | below; the record whole under `cloudtrail` |

mod identity;
mod severity;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::fit::Original;
use super::members::{As, Row, copy, object, text};
use super::sentence::told;
use super::{
    Context, Draft, Format, Object, Read, Record, each_object, envelope, parse_time, refused,
};

/// `CloudTrail` records.
pub const FORMAT: Format = Format {
    name: "cloudtrail",
    aliases: &["aws"],
    title: "AWS CloudTrail",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

const ROWS: &[Row] = &[
    ("event.id", As::Text, &["eventID"]),
    ("event.action", As::Text, &["eventName"]),
    ("event.provider", As::Text, &["eventSource"]),
    ("error.code", As::Text, &["errorCode"]),
    ("error.message", As::Text, &["errorMessage"]),
    ("user_agent.original", As::Text, &["userAgent"]),
    ("cloud.region", As::Text, &["awsRegion"]),
    (
        "cloud.account.id",
        As::Text,
        &["recipientAccountId", "userIdentity.accountId"],
    ),
    ("tls.version", As::Text, &["tlsDetails.tlsVersion"]),
    ("tls.cipher", As::Text, &["tlsDetails.cipherSuite"]),
    (
        "destination.domain",
        As::Text,
        &["tlsDetails.clientProvidedHostHeader"],
    ),
    (
        "user.target.name",
        As::Text,
        &["requestParameters.userName"],
    ),
    ("group.name", As::Text, &["requestParameters.groupName"]),
    ("aws.role.name", As::Text, &["requestParameters.roleName"]),
    (
        "aws.bucket.name",
        As::Text,
        &["requestParameters.bucketName"],
    ),
    (
        "aws.instance.id",
        As::Text,
        &[
            "requestParameters.instanceId",
            "requestParameters.instancesSet.items.instanceId",
        ],
    ),
];

/// Whether an object is one, bare or as `EventBridge` delivers it.
pub(super) fn is(object: &Object) -> bool {
    let is_record = |object: &Object| {
        text(object, "eventSource").is_some()
            && text(object, "eventName").is_some()
            && ["userIdentity", "eventVersion", "awsRegion"]
                .iter()
                .any(|name| object.contains_key(*name))
    };
    is_record(object)
        || object
            .get("detail")
            .and_then(Value::as_object)
            .is_some_and(is_record)
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    if let Some(detail) = envelope::inner(record, "detail") {
        return one(&detail, cx);
    }
    one(record, cx)
}

fn one(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    let Some(call) = text(whole, "eventName") else {
        return Err(refused("eventName", "must be the name of the call"));
    };
    let Some(source) = text(whole, "eventSource") else {
        return Err(refused(
            "eventSource",
            "must be the service, such as iam.amazonaws.com",
        ));
    };
    let service = source.split('.').next().unwrap_or(source);
    let failed = failed(whole);
    let mut draft = Draft {
        event_type: Some(format!("cloudtrail-{service}")),
        severity: Some(severity::severity(whole, service, call, failed)),
        said: Some(call.to_owned()),
        occurred_at: text(whole, "eventTime").and_then(parse_time),
        key: text(whole, "eventID").map(str::to_owned),
        tags: vec!["cloudtrail".to_owned(), service.to_owned()],
        ..Draft::default()
    };
    if failed {
        draft.tag("failure");
    }
    draft.logsource("aws", Some("cloudtrail"), None);
    let fields = &mut draft.fields;
    fields.set("event.kind", Some("event"));
    fields.set("event.module", Some("aws"));
    fields.set("event.dataset", Some("aws.cloudtrail"));
    fields.set(
        "event.outcome",
        Some(if failed { "failure" } else { "success" }),
    );
    let (category, kind) = kind(whole, service, call);
    fields.set("event.category", Some(category));
    fields.set("event.type", Some(kind));
    fields.set("cloud.provider", Some("aws"));
    fields.set("service.name", Some(service));
    copy(fields, whole, ROWS);
    if let Some(from) = text(whole, "sourceIPAddress") {
        fields.address("source.ip", Some(from));
        if fields.get("source.ip").is_none() {
            // A service of AWS itself, or the console.
            fields.set("source.domain", Some(from));
        }
    }
    identity::put(fields, object(whole, "userIdentity"));
    draft.description = description(&draft, whole, service, call);
    draft.finish(cx, Original::Json("cloudtrail", whole, record.raw))
}

/// Whether the call did not do what it was for. A logon that fails says so in its answer.
fn failed(whole: &Object) -> bool {
    let logon = object(whole, "responseElements").and_then(|answer| {
        answer
            .iter()
            .find(|(name, _)| ["ConsoleLogin", "SwitchRole"].contains(&name.as_str()))
    });
    let has_error = text(whole, "errorCode")
        .or_else(|| text(whole, "errorMessage"))
        .is_some();
    (has_error && !severity::is_dry(whole)) || logon.is_some_and(|(_, value)| value == "Failure")
}

/// ECS `event.category` and `event.type`, by service and the first word of the call.
fn kind(whole: &Object, service: &str, call: &str) -> (&'static str, &'static str) {
    let starts = |words: &[&str]| words.iter().any(|word| call.starts_with(word));
    let kind = if whole.get("readOnly") == Some(&Value::Bool(true))
        || starts(&["Get", "List", "Describe", "Head", "Lookup"])
    {
        "access"
    } else if starts(&["Create", "Run", "Allocate", "Register", "Import"]) {
        "creation"
    } else if starts(&["Delete", "Terminate", "Release", "Deregister", "Remove"]) {
        "deletion"
    } else {
        "change"
    };
    match service {
        "signin" => ("authentication", "start"),
        "sts" if call.starts_with("AssumeRole") => ("authentication", "start"),
        "iam" | "sso" | "identitystore" | "sso-directory" => ("iam", kind),
        "s3" if text(whole, "requestParameters.key").is_some() => ("file", kind),
        _ => ("configuration", kind),
    }
}

fn description(draft: &Draft, whole: &Object, service: &str, call: &str) -> String {
    let mut what = format!("{service} {call}");
    if let Some(code) = text(whole, "errorCode") {
        what = format!("{what}: {code}");
    } else if failed(whole) {
        what = format!("{what} failed");
    }
    told(
        &what,
        &draft.fields,
        &[
            ("by", "user.name"),
            ("role", "user.roles"),
            ("for", "user.target.name"),
            ("bucket", "aws.bucket.name"),
            ("from", "source.ip"),
            ("from", "source.domain"),
            ("in", "cloud.region"),
            ("account", "cloud.account.id"),
        ],
    )
}
