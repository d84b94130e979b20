//! Attributes under the names of events: OpenTelemetry's semantic conventions where the Elastic
//! Common Schema has a counterpart, the usual short names, and everything else as a label.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;

use super::value::{Any, Pairs, clean, is_number};
use crate::adapters::Fields;

/// Attributes looked at of a resource, a scope or a record; the original keeps the others.
const ATTRIBUTES_MAX: usize = 256;
/// Values of a list that are kept.
const LIST_MAX: usize = 32;
/// Longest name kept where it is, in bytes, and most names in it.
const PATH_MAX: (usize, usize) = (96, 6);

/// First names of the Elastic Common Schema: attributes below them keep their names, as the two
/// vocabularies are being made one.
const KEPT: [&str; 27] = [
    "agent",
    "cloud",
    "container",
    "data_stream",
    "device",
    "dll",
    "dns",
    "ecs",
    "email",
    "error",
    "event",
    "file",
    "group",
    "host",
    "http",
    "log",
    "network",
    "observer",
    "organization",
    "process",
    "registry",
    "rule",
    "service",
    "threat",
    "tls",
    "url",
    "user",
];

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// Anything plain, or a list of it.
    Plain,
    /// A whole number, also one written as a text.
    Whole,
    /// A port.
    Port,
    /// An address.
    Address,
    /// An end of a connection: `ip` below the path, or `domain` when it is no address.
    End,
    /// A host: its name, or its address.
    Host,
    /// As plain, where nothing is known yet.
    Weak,
}

/// Sets the fields that attributes mean.
pub(super) fn put(fields: &mut Fields, attributes: &Pairs<'_>) {
    for (name, value) in attributes.unique().take(ATTRIBUTES_MAX) {
        one(fields, name, value);
    }
}

fn one(fields: &mut Fields, name: &str, value: &Any<'_>) {
    match meaning(name) {
        _ if is_made_up(name, value) => {}
        Some((path, shape)) => set(fields, path, shape, value),
        None if is_kept(name) => set(fields, name, As::Plain, value),
        None => fields.label(&clean(name), plain(value)),
    }
}

/// Whether it is the name the libraries give a service that nobody named.
fn is_made_up(name: &str, value: &Any<'_>) -> bool {
    name == "service.name"
        && value
            .text()
            .is_some_and(|it| it.starts_with("unknown_service"))
}

/// The field an attribute means, if it has another name there or may not hold just anything.
fn meaning(name: &str) -> Option<(&'static str, As)> {
    semantic(name).or_else(|| usual(name))
}

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table: one line a field")]
fn semantic(name: &str) -> Option<(&'static str, As)> {
    Some(match name {
        "client.address" | "source.address" | "client.ip" | "http.client_ip" | "net.sock.peer.addr"
        | "net.peer.ip" => ("source", As::End),
        "client.port" | "source.port" | "net.peer.port" | "net.sock.peer.port" => {
            ("source.port", As::Port)
        }
        "source.ip" => ("source.ip", As::Address),
        "source.domain" => ("source.domain", As::Plain),
        "server.address" | "destination.address" | "net.host.name" => ("destination", As::End),
        "server.port" | "destination.port" | "net.host.port" => ("destination.port", As::Port),
        "destination.ip" => ("destination.ip", As::Address),
        "destination.domain" => ("destination.domain", As::Plain),
        "network.protocol.name" | "net.protocol.name" => ("network.protocol", As::Plain),
        "net.transport" => ("network.transport", As::Plain),
        "enduser.id" => ("user.id", As::Plain),
        "process.owner" => ("user.name", As::Weak),
        "user_agent.original" | "http.user_agent" => ("user_agent.original", As::Plain),
        "http.method" => ("http.request.method", As::Plain),
        "http.response.status_code" | "http.status_code" => ("http.response.status_code", As::Whole),
        "http.url" => ("url.full", As::Plain),
        "http.target" => ("url.original", As::Plain),
        "http.host" => ("url.domain", As::Plain),
        "http.scheme" => ("url.scheme", As::Plain),
        "exception.type" => ("error.type", As::Plain),
        "exception.message" => ("error.message", As::Plain),
        "exception.stacktrace" => ("error.stack_trace", As::Plain),
        "code.file.path" | "code.filepath" => ("log.origin.file.name", As::Plain),
        "code.function.name" | "code.function" => ("log.origin.function", As::Plain),
        "code.line.number" | "code.lineno" => ("log.origin.file.line", As::Whole),
        "process.pid" => ("process.pid", As::Whole),
        "process.parent_pid" => ("process.parent.pid", As::Whole),
        "process.executable.path" => ("process.executable", As::Plain),
        "process.executable.name" => ("process.name", As::Plain),
        "thread.id" => ("process.thread.id", As::Whole),
        "thread.name" => ("process.thread.name", As::Plain),
        "host.name" => ("host.name", As::Host),
        "host.ip" => ("host.ip", As::Address),
        "host.arch" => ("host.architecture", As::Plain),
        "os.type" => ("host.os.type", As::Plain),
        "os.name" => ("host.os.name", As::Plain),
        "os.version" => ("host.os.version", As::Plain),
        "os.description" => ("host.os.full", As::Plain),
        "service.instance.id" => ("service.node.name", As::Plain),
        "deployment.environment" | "deployment.environment.name" => {
            ("service.environment", As::Plain)
        }
        "cloud.platform" => ("cloud.service.name", As::Plain),
        "container.image.tags" => ("container.image.tag", As::Plain),
        "k8s.cluster.name" => ("orchestrator.cluster.name", As::Plain),
        "k8s.namespace.name" => ("orchestrator.namespace", As::Plain),
        "k8s.pod.name" => ("orchestrator.resource.name", As::Plain),
        "k8s.container.name" => ("container.name", As::Plain),
        "k8s.node.name" => ("host.name", As::Weak),
        "telemetry.sdk.name" => ("agent.type", As::Plain),
        "telemetry.sdk.version" => ("agent.version", As::Plain),
        "telemetry.sdk.language" => ("service.language.name", As::Plain),
        "event.name" => ("event.action", As::Plain),
        "log.record.uid" => ("event.id", As::Plain),
        "log.record.original" => ("event.original", As::Plain),
        _ => return None,
    })
}

/// Short names that programs without conventions use, Fluent Bit's tails among them.
fn usual(name: &str) -> Option<(&'static str, As)> {
    Some(match name {
        "src_ip" | "src.ip" | "srcip" | "source_ip" | "client_ip" | "remote_addr" | "remote_ip"
        | "ip" | "ip_address" => ("source.ip", As::Address),
        "src_port" | "src.port" | "source_port" => ("source.port", As::Port),
        "dst_ip" | "dst.ip" | "dstip" | "dest_ip" | "destination_ip" => {
            ("destination.ip", As::Address)
        }
        "dst_port" | "dst.port" | "dest_port" | "destination_port" => {
            ("destination.port", As::Port)
        }
        "host" | "hostname" => ("host.name", As::Host),
        "user" | "username" | "user_name" => ("user.name", As::Plain),
        "user_id" => ("user.id", As::Plain),
        "pid" | "proc_id" | "process_id" => ("process.pid", As::Whole),
        "appname" | "program" | "process" => ("process.name", As::Plain),
        "app" | "application" | "service" => ("service.name", As::Weak),
        "logger" | "logger_name" => ("log.logger", As::Weak),
        "action" => ("event.action", As::Weak),
        "outcome" => ("event.outcome", As::Weak),
        _ => return None,
    })
}

/// Whether an attribute stays where it is.
fn is_kept(name: &str) -> bool {
    let Some((first, _)) = name.split_once('.') else {
        return false;
    };
    let (length, names) = PATH_MAX;
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    KEPT.contains(&first)
        && name.len() <= length
        && name.split('.').all(is_name)
        && name.split('.').count() <= names
}

fn set(fields: &mut Fields, path: &str, shape: As, value: &Any<'_>) {
    match shape {
        As::Plain => fields.set(path, plain(value)),
        As::Weak => fields.set_if_absent(path, plain(value)),
        As::Whole => fields.set(path, whole(value)),
        As::Port => fields.set(path, whole(value).and_then(|n| u16::try_from(n).ok())),
        As::Address => fields.set(path, address(value)),
        As::End => match address(value) {
            Some(address) => fields.set(&format!("{path}.ip"), Some(address)),
            None => fields.set(&format!("{path}.domain"), value.text().map(clean)),
        },
        As::Host => match address(value) {
            Some(address) => fields.set_if_absent("host.ip", Some(address)),
            None => fields.set(path, value.word().as_deref().map(clean)),
        },
    }
}

/// An address, also the first of a list, in its canonical text.
fn address(value: &Any<'_>) -> Option<String> {
    let text = match value {
        Any::Text(text) => text,
        Any::List(values) => values.first()?.text()?,
        _ => return None,
    };
    let address: IpAddr = text.trim().parse().ok()?;
    Some(address.to_canonical().to_string())
}

fn whole(value: &Any<'_>) -> Option<u64> {
    match value {
        Any::Int(number) => u64::try_from(*number).ok(),
        Any::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A plain value or a list of some, as a field holds it.
fn plain(value: &Any<'_>) -> Option<Value> {
    Some(match value {
        Any::Text(text) => clean(text).into(),
        Any::Bool(truth) => (*truth).into(),
        Any::Int(number) => (*number).into(),
        Any::Double(number) if is_number(*number) => (*number).into(),
        Any::Double(number) => number.to_string().into(),
        Any::Bytes(_) => value
            .word()
            .as_deref()
            .map(clean)
            .map(Cow::into_owned)?
            .into(),
        Any::List(values) => {
            let values: Vec<Value> = values
                .iter()
                .filter(|value| !matches!(value, Any::List(_)))
                .filter_map(plain)
                .take(LIST_MAX)
                .collect();
            if values.is_empty() {
                return None;
            }
            Value::Array(values)
        }
        Any::Empty | Any::Map(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put_all(attributes: Vec<(&'static str, Any<'static>)>) -> Value {
        let mut fields = Fields::default();
        let pairs = attributes
            .into_iter()
            .map(|(name, value)| (name.into(), value));
        put(&mut fields, &Pairs(pairs.collect()));
        Value::Object(fields.into_object())
    }

    fn text(text: &'static str) -> Any<'static> {
        Any::Text(text.into())
    }

    #[test]
    fn conventions_become_fields_and_the_rest_labels() {
        let found = put_all(vec![
            ("client.address", text("::ffff:203.0.113.7")),
            ("client.port", text("5022")),
            ("server.address", text("shop.example")),
            ("process.pid", text("17")),
            ("process.executable.path", text("/bin/x")),
            ("http.status_code", Any::Int(404)),
            ("code.line.number", Any::Int(25)),
            ("k8s.pod.name", text("web-1")),
            ("k8s.pod.uid", text("u")),
            ("cloud.region", text("eu-1")),
            ("exception.type", text("E")),
            ("host.ip", Any::List(vec![text("192.0.2.1")])),
            ("event.action", text("login")),
            ("zone", text("b\0")),
            ("nested", Any::Map(Pairs::default())),
            (
                "flags",
                Any::List(vec![Any::Int(1), Any::List(vec![]), Any::Bool(true)]),
            ),
        ]);
        let expected = json!({
            "source": {"ip": "203.0.113.7", "port": 5022}, "destination": {"domain": "shop.example"},
            "process": {"pid": 17, "executable": "/bin/x"},
            "http": {"response": {"status_code": 404}},
            "log": {"origin": {"file": {"line": 25}}},
            "orchestrator": {"resource": {"name": "web-1"}},
            "labels": {"k8s_pod_uid": "u", "zone": "b\u{fffd}", "flags": [1, true]},
            "cloud": {"region": "eu-1"}, "error": {"type": "E"}, "host": {"ip": "192.0.2.1"},
            "event": {"action": "login"},
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_field_cannot_hold_is_no_field() {
        let found = put_all(vec![
            ("source.ip", text("nowhere")),
            ("source.port", Any::Int(70_000)),
            ("process.pid", text("many")),
        ]);
        assert_eq!(found, json!({}));
    }

    #[test]
    fn no_name_makes_a_deep_object() {
        for name in [
            "host.".repeat(1_000),
            "host..x".to_owned(),
            format!("host.{}", "x".repeat(200)),
        ] {
            let mut fields = Fields::default();
            put(&mut fields, &Pairs(vec![(name.into(), text("v"))]));
            assert!(fields.get("host").is_none());
        }
    }
}
