//! The fields records of every type share, and those of alerts.

use std::net::IpAddr;

use base::Timestamp;
use serde_json::Value;

use crate::adapters::ends::{End, Ends};
use crate::adapters::time::within;
use crate::adapters::{Object, refused};
use crate::events::SOURCE_NAME_MAX;
use crate::http::FieldErrors;

/// Longest record type; Suricata's longest has 15 characters.
const EVENT_TYPE_MAX: usize = 64;

/// A record, its common fields read.
#[derive(Debug)]
pub(super) struct Eve<'a> {
    pub(super) timestamp: Timestamp,
    /// 1 to 64 ASCII letters, digits, `_` and `-`.
    pub(super) event_type: &'a str,
    /// The sensor's name, 1 to 255 characters.
    pub(super) host: Option<&'a str>,
    pub(super) ends: Ends,
    pub(super) proto: Option<&'a str>,
    pub(super) app_proto: Option<&'a str>,
    pub(super) in_iface: Option<&'a str>,
    pub(super) flow_id: Option<u64>,
    /// There exactly when `event_type` is `alert`.
    pub(super) alert: Option<Alert<'a>>,
    /// All of it.
    pub(super) whole: &'a Object,
}

/// What a signature said.
#[derive(Debug)]
pub(super) struct Alert<'a> {
    /// May be empty: Suricata accepts signatures without a message.
    pub(super) signature: &'a str,
    /// Empty for signatures without a class.
    pub(super) category: &'a str,
    pub(super) severity: u64,
    pub(super) action: Option<&'a str>,
    pub(super) gid: Option<u64>,
    pub(super) signature_id: Option<u64>,
    pub(super) rev: Option<u64>,
    pub(super) metadata: Option<&'a Object>,
}

impl<'a> Eve<'a> {
    /// Reads the common fields.
    pub(super) fn read(whole: &'a Object) -> Result<Self, FieldErrors> {
        let event_type = event_type(whole)?;
        let alert = match event_type {
            "alert" => Some(Alert::read(required(object(whole, "alert")?, "alert")?)?),
            _ => None,
        };
        Ok(Self {
            timestamp: timestamp(whole)?,
            event_type,
            host: host(whole)?,
            ends: Ends {
                source: End {
                    ip: address(whole, "src_ip")?,
                    port: port(whole, "src_port")?,
                },
                destination: End {
                    ip: address(whole, "dest_ip")?,
                    port: port(whole, "dest_port")?,
                },
            },
            proto: text(whole, "proto")?,
            app_proto: text(whole, "app_proto")?,
            in_iface: text(whole, "in_iface")?,
            flow_id: number(whole, "flow_id")?,
            alert,
            whole,
        })
    }
}

impl<'a> Alert<'a> {
    fn read(alert: &'a Object) -> Result<Self, FieldErrors> {
        let (severity, signature) = ("alert.severity", "alert.signature");
        Ok(Self {
            signature: required(text(alert, signature)?, signature)?,
            category: text(alert, "alert.category")?.unwrap_or_default(),
            severity: required(number(alert, severity)?, severity)?,
            action: text(alert, "alert.action")?,
            gid: number(alert, "alert.gid")?,
            signature_id: number(alert, "alert.signature_id")?,
            rev: number(alert, "alert.rev")?,
            metadata: object(alert, "alert.metadata")?,
        })
    }
}

fn timestamp(whole: &Object) -> Result<Timestamp, FieldErrors> {
    let field = "timestamp";
    let what = "must be a time with an offset, such as 2026-01-31T23:59:00.123456+0100";
    time(required(text(whole, field)?, field)?).ok_or_else(|| refused(field, what))
}

/// The time a record was written at.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok().and_then(within)
}

fn event_type(whole: &Object) -> Result<&str, FieldErrors> {
    let field = "event_type";
    let word = required(text(whole, field)?, field)?;
    let what = "must be 1 to 64 letters, digits, `_` and `-`, such as alert";
    is_type(word)
        .then_some(word)
        .ok_or_else(|| refused(field, what))
}

/// Whether a word may be the type of a record.
pub(super) fn is_type(word: &str) -> bool {
    (1..=EVENT_TYPE_MAX).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// The sensor. Shippers that add a host of their own write an object with a `name`.
fn host(whole: &Object) -> Result<Option<&str>, FieldErrors> {
    let named = match whole.get("host") {
        Some(Value::Object(host)) => text(host, "host.name")?,
        _ => text(whole, "host")?,
    };
    match named.map(str::trim) {
        None | Some("") => Ok(None),
        Some(name) if name.chars().count() <= SOURCE_NAME_MAX => Ok(Some(name)),
        Some(_) => Err(refused("host", "must be at most 255 characters")),
    }
}

fn address(whole: &Object, field: &'static str) -> Result<Option<IpAddr>, FieldErrors> {
    match text(whole, field)? {
        None | Some("") => Ok(None),
        Some(text) => text
            .parse::<IpAddr>()
            .map(|address| Some(address.to_canonical()))
            .map_err(|_| refused(field, "must be an IPv4 or IPv6 address")),
    }
}

fn port(whole: &Object, field: &'static str) -> Result<Option<u16>, FieldErrors> {
    number(whole, field)?
        .map(u16::try_from)
        .transpose()
        .map_err(|_| refused(field, "must be a port, 0 to 65535"))
}

/// A member's name: the end of the path it is told by.
fn member<'a>(object: &'a Object, field: &'static str) -> Option<&'a Value> {
    let name = field.rsplit('.').next().unwrap_or(field);
    object.get(name).filter(|value| !value.is_null())
}

fn text<'a>(object: &'a Object, field: &'static str) -> Result<Option<&'a str>, FieldErrors> {
    let read = |value: &'a Value| value.as_str().ok_or("must be text");
    optional(member(object, field), field, read)
}

fn number(object: &Object, field: &'static str) -> Result<Option<u64>, FieldErrors> {
    let read = |value: &Value| value.as_u64().ok_or("must be a whole number from 0 up");
    optional(member(object, field), field, read)
}

fn object<'a>(outer: &'a Object, field: &'static str) -> Result<Option<&'a Object>, FieldErrors> {
    let read = |value: &'a Value| value.as_object().ok_or("must be an object");
    optional(member(outer, field), field, read)
}

fn optional<'a, T>(
    value: Option<&'a Value>,
    field: &'static str,
    read: impl FnOnce(&'a Value) -> Result<T, &'static str>,
) -> Result<Option<T>, FieldErrors> {
    value
        .map(read)
        .transpose()
        .map_err(|what| refused(field, what))
}

fn required<T>(value: Option<T>, field: &'static str) -> Result<T, FieldErrors> {
    value.ok_or_else(|| refused(field, "missing"))
}
