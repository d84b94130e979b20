//! How bad a call is. `CloudTrail` itself does not judge; few calls are worse than INFO whoever makes
//! them, and rules judge the rest.

use base::Severity::{self, High, Info, Low, Medium};
use serde_json::Value;

use super::super::members::{object, text};
use crate::adapters::Object;

/// Calls that succeeded: service, name, severity, and why.
pub(super) const CALLS: &[(&str, &str, Severity, &str)] = &[
    (
        "cloudtrail",
        "StopLogging",
        High,
        "nothing is recorded any more",
    ),
    (
        "cloudtrail",
        "DeleteTrail",
        High,
        "nothing is recorded any more",
    ),
    (
        "cloudtrail",
        "UpdateTrail",
        Medium,
        "what is recorded, or where to, changed",
    ),
    (
        "cloudtrail",
        "PutEventSelectors",
        Medium,
        "what is recorded changed",
    ),
    (
        "guardduty",
        "DeleteDetector",
        High,
        "nobody watches any more",
    ),
    (
        "guardduty",
        "DisassociateFromMasterAccount",
        Medium,
        "the account left the common watch",
    ),
    (
        "config",
        "StopConfigurationRecorder",
        Medium,
        "changes are recorded no more",
    ),
    (
        "config",
        "DeleteConfigurationRecorder",
        Medium,
        "changes are recorded no more",
    ),
    (
        "ec2",
        "DeleteFlowLogs",
        Medium,
        "connections are recorded no more",
    ),
    (
        "kms",
        "ScheduleKeyDeletion",
        Medium,
        "what the key protects will be lost",
    ),
    (
        "kms",
        "DisableKey",
        Medium,
        "what the key protects cannot be read",
    ),
    (
        "iam",
        "DeactivateMFADevice",
        Medium,
        "an account needs its password only",
    ),
    (
        "iam",
        "DeleteVirtualMFADevice",
        Medium,
        "an account needs its password only",
    ),
    (
        "s3",
        "DeleteBucketPublicAccessBlock",
        Medium,
        "a bucket may be made public",
    ),
];

/// Gives the severity of a call.
///
/// The list above; a console logon of the root user (MEDIUM, HIGH without a second factor), a
/// change the root user makes (MEDIUM), an access key somebody makes for somebody else (MEDIUM), an
/// administrator's policy given away (MEDIUM), a port opened to the world (MEDIUM); what failed is
/// LOW; all else INFO, also a dry run of any of them.
pub(super) fn severity(whole: &Object, service: &str, call: &str, failed: bool) -> Severity {
    let is_root = text(whole, "userIdentity.type") == Some("Root")
        && text(whole, "userIdentity.invokedBy").is_none();
    if failed {
        return Low;
    }
    if is_dry(whole) {
        return Info;
    }
    if let Some((.., severity, _)) = CALLS.iter().find(|row| row.0 == service && row.1 == call) {
        return *severity;
    }
    match call {
        "ConsoleLogin" if is_root => {
            let factor = text(whole, "additionalEventData.MFAUsed");
            if factor == Some("Yes") { Medium } else { High }
        }
        "CreateAccessKey" if is_for_another(whole) => Medium,
        "AttachUserPolicy" | "AttachRolePolicy" | "AttachGroupPolicy"
            if is_administrator(whole) =>
        {
            Medium
        }
        "AuthorizeSecurityGroupIngress" if is_open(object(whole, "requestParameters"), 0) => Medium,
        _ if is_root && whole.get("readOnly") == Some(&Value::Bool(false)) => Medium,
        _ => Info,
    }
}

/// Whether the call was only to find out if it would work: it ends with an error of that name then.
pub(super) fn is_dry(whole: &Object) -> bool {
    text(whole, "errorCode").is_some_and(|code| code.ends_with("DryRunOperation"))
}

fn is_for_another(whole: &Object) -> bool {
    let target = text(whole, "requestParameters.userName");
    target.is_some() && target != text(whole, "userIdentity.userName")
}

fn is_administrator(whole: &Object) -> bool {
    let arn = text(whole, "requestParameters.policyArn").unwrap_or_default();
    arn.ends_with("/AdministratorAccess") || arn.ends_with("/IAMFullAccess")
}

/// Whether any range of the request is the whole of the Internet.
fn is_open(object: Option<&Object>, depth: u8) -> bool {
    let Some(object) = object.filter(|_| depth < 8) else {
        return false;
    };
    object.iter().any(|(name, value)| match value {
        Value::String(text) if name == "cidrIp" || name == "cidrIpv6" => {
            text == "0.0.0.0/0" || text == "::/0"
        }
        Value::Object(inside) => is_open(Some(inside), depth.saturating_add(1)),
        Value::Array(list) => list
            .iter()
            .any(|inside| is_open(inside.as_object(), depth.saturating_add(1))),
        _ => false,
    })
}
