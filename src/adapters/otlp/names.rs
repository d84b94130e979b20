//! Attributes under the names of events: OpenTelemetry's semantic conventions where the Elastic
//! Common Schema has a counterpart, the usual short names, and everything else as a label.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::Value;

use super::value::{Any, Pairs, clean, is_number};
use crate::adapters::Fields;
use crate::adapters::fields::canonical;
use crate::adapters::mix::Names;

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
    MEANINGS.get(name).copied()
}

static MEANINGS: LazyLock<Names<&str, (&str, As)>> = LazyLock::new(|| {
    let known = KNOWN.iter();
    known
        .map(|(name, path, shape)| (*name, (*path, *shape)))
        .collect()
});

/// What attributes mean: of the semantic conventions, and short names that programs without
/// conventions use, Fluent Bit's tails among them. Sorted.
#[rustfmt::skip]
const KNOWN: [(&str, &str, As); 112] = [
    ("action", "event.action", As::Weak),
    ("app", "service.name", As::Weak),
    ("application", "service.name", As::Weak),
    ("appname", "process.name", As::Plain),
    ("client.address", "source", As::End),
    ("client.ip", "source", As::End),
    ("client.port", "source.port", As::Port),
    ("client_ip", "source.ip", As::Address),
    ("cloud.platform", "cloud.service.name", As::Plain),
    ("code.file.path", "log.origin.file.name", As::Plain),
    ("code.filepath", "log.origin.file.name", As::Plain),
    ("code.function", "log.origin.function", As::Plain),
    ("code.function.name", "log.origin.function", As::Plain),
    ("code.line.number", "log.origin.file.line", As::Whole),
    ("code.lineno", "log.origin.file.line", As::Whole),
    ("container.image.tags", "container.image.tag", As::Plain),
    ("deployment.environment", "service.environment", As::Plain),
    ("deployment.environment.name", "service.environment", As::Plain),
    ("dest_ip", "destination.ip", As::Address),
    ("dest_port", "destination.port", As::Port),
    ("destination.address", "destination", As::End),
    ("destination.domain", "destination.domain", As::Plain),
    ("destination.ip", "destination.ip", As::Address),
    ("destination.port", "destination.port", As::Port),
    ("destination_ip", "destination.ip", As::Address),
    ("destination_port", "destination.port", As::Port),
    ("dst.ip", "destination.ip", As::Address),
    ("dst.port", "destination.port", As::Port),
    ("dst_ip", "destination.ip", As::Address),
    ("dst_port", "destination.port", As::Port),
    ("dstip", "destination.ip", As::Address),
    ("enduser.id", "user.id", As::Plain),
    ("event.name", "event.action", As::Plain),
    ("exception.message", "error.message", As::Plain),
    ("exception.stacktrace", "error.stack_trace", As::Plain),
    ("exception.type", "error.type", As::Plain),
    ("host", "host.name", As::Host),
    ("host.arch", "host.architecture", As::Plain),
    ("host.ip", "host.ip", As::Address),
    ("host.name", "host.name", As::Host),
    ("hostname", "host.name", As::Host),
    ("http.client_ip", "source", As::End),
    ("http.host", "url.domain", As::Plain),
    ("http.method", "http.request.method", As::Plain),
    ("http.response.status_code", "http.response.status_code", As::Whole),
    ("http.scheme", "url.scheme", As::Plain),
    ("http.status_code", "http.response.status_code", As::Whole),
    ("http.target", "url.original", As::Plain),
    ("http.url", "url.full", As::Plain),
    ("http.user_agent", "user_agent.original", As::Plain),
    ("ip", "source.ip", As::Address),
    ("ip_address", "source.ip", As::Address),
    ("k8s.cluster.name", "orchestrator.cluster.name", As::Plain),
    ("k8s.container.name", "container.name", As::Plain),
    ("k8s.namespace.name", "orchestrator.namespace", As::Plain),
    ("k8s.node.name", "host.name", As::Weak),
    ("k8s.pod.name", "orchestrator.resource.name", As::Plain),
    ("log.record.original", "event.original", As::Plain),
    ("log.record.uid", "event.id", As::Plain),
    ("logger", "log.logger", As::Weak),
    ("logger_name", "log.logger", As::Weak),
    ("net.host.name", "destination", As::End),
    ("net.host.port", "destination.port", As::Port),
    ("net.peer.ip", "source", As::End),
    ("net.peer.port", "source.port", As::Port),
    ("net.protocol.name", "network.protocol", As::Plain),
    ("net.sock.peer.addr", "source", As::End),
    ("net.sock.peer.port", "source.port", As::Port),
    ("net.transport", "network.transport", As::Plain),
    ("network.protocol.name", "network.protocol", As::Plain),
    ("os.description", "host.os.full", As::Plain),
    ("os.name", "host.os.name", As::Plain),
    ("os.type", "host.os.type", As::Plain),
    ("os.version", "host.os.version", As::Plain),
    ("outcome", "event.outcome", As::Weak),
    ("pid", "process.pid", As::Whole),
    ("proc_id", "process.pid", As::Whole),
    ("process", "process.name", As::Plain),
    ("process.executable.name", "process.name", As::Plain),
    ("process.executable.path", "process.executable", As::Plain),
    ("process.owner", "user.name", As::Weak),
    ("process.parent_pid", "process.parent.pid", As::Whole),
    ("process.pid", "process.pid", As::Whole),
    ("process_id", "process.pid", As::Whole),
    ("program", "process.name", As::Plain),
    ("remote_addr", "source.ip", As::Address),
    ("remote_ip", "source.ip", As::Address),
    ("server.address", "destination", As::End),
    ("server.port", "destination.port", As::Port),
    ("service", "service.name", As::Weak),
    ("service.instance.id", "service.node.name", As::Plain),
    ("source.address", "source", As::End),
    ("source.domain", "source.domain", As::Plain),
    ("source.ip", "source.ip", As::Address),
    ("source.port", "source.port", As::Port),
    ("source_ip", "source.ip", As::Address),
    ("source_port", "source.port", As::Port),
    ("src.ip", "source.ip", As::Address),
    ("src.port", "source.port", As::Port),
    ("src_ip", "source.ip", As::Address),
    ("src_port", "source.port", As::Port),
    ("srcip", "source.ip", As::Address),
    ("telemetry.sdk.language", "service.language.name", As::Plain),
    ("telemetry.sdk.name", "agent.type", As::Plain),
    ("telemetry.sdk.version", "agent.version", As::Plain),
    ("thread.id", "process.thread.id", As::Whole),
    ("thread.name", "process.thread.name", As::Plain),
    ("user", "user.name", As::Plain),
    ("user_agent.original", "user_agent.original", As::Plain),
    ("user_id", "user.id", As::Plain),
    ("user_name", "user.name", As::Plain),
    ("username", "user.name", As::Plain),
];

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
    canonical(text)
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
    fn every_name_of_the_table_is_found() {
        assert!(KNOWN.is_sorted_by(|one, next| one.0 < next.0));
        for (name, path, shape) in KNOWN {
            assert_eq!(meaning(name), Some((path, shape)), "{name}");
        }
        assert_eq!((meaning(""), meaning("source")), (None, None));
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
            assert!(!fields.into_object().contains_key("host"));
        }
    }
}
