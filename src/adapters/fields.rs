//! The mapped fields of an event: nested objects, filled by dotted paths.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::record::Object;

/// Longest text of a field, in characters, where nothing else is said.
const TEXT_MAX: usize = 1_024;
/// Longest text copied from a record's member ([`Fields::text`]), in characters.
const COPIED_MAX: usize = 160;
/// Longest name of a label, in characters.
const LABEL_NAME_MAX: usize = 128;
/// Bytes all fields may take together; what comes later is left out. The original keeps it.
const BYTES_MAX: usize = 56 * 1024;

/// Fields under the names `docs/fields.md` lists.
///
/// A list of whole paths with their values, made objects when it is written: a tree of maps would
/// cost an allocation for each object and name, and as many to take it down again.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Every path, one behind the other.
    paths: String,
    leaves: Vec<Leaf>,
    bytes: usize,
}

/// A value, and where its path stands. No path leads through the value of another.
#[derive(Clone, Debug)]
struct Leaf {
    start: usize,
    end: usize,
    value: Held,
}

/// What a field holds.
#[derive(Clone, Debug)]
enum Held {
    Value(Value),
    /// JSON that nobody looks into.
    Written(Box<RawValue>),
}

impl Held {
    const fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Written(_) => None,
        }
    }
}

impl Serialize for Held {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Written(raw) => raw.serialize(serializer),
        }
    }
}

/// How the path of a field lies to one that is looked for.
enum Lies<'p> {
    /// It is the same.
    Same,
    /// It is an object around it, where the rest of the path leads on.
    Around(&'p str),
    /// It is a member of it, or a member's member.
    Inside,
    Apart,
}

/// The beginning of a text, at most `max` characters and then `…`.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    // A text has no more characters than bytes.
    let end = (text.len() > max).then(|| text.char_indices().nth(max));
    match end.flatten() {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An address in its canonical text, when the text is one.
pub(super) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    Some(match text.parse().ok()? {
        // It has only one text.
        IpAddr::V4(_) => text.to_owned(),
        IpAddr::V6(address) => address.to_canonical().to_string(),
    })
}

/// A text in which U+0000, which no database of ours holds, is replaced.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

impl Fields {
    /// Sets a field, texts cut at 1,024 characters; nothing when there is no value, when it is an
    /// empty text, or when the path goes through a plain value.
    pub fn set(&mut self, path: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value.map(Into::into) else {
            return;
        };
        let value = match value {
            Value::String(text) if text.is_empty() => return,
            Value::String(text) if text.len() > TEXT_MAX => cut(&text, TEXT_MAX).into(),
            Value::Null => return,
            other => other,
        };
        let size = written_size(&value);
        self.hold(path, Held::Value(value), size);
    }

    /// Sets a field to what is written as JSON here and now; nothing below it can be read or set.
    pub(super) fn set_written(&mut self, path: &str, value: &impl Serialize) {
        if let Ok(raw) = to_raw_value(value) {
            let size = raw.get().len();
            self.hold(path, Held::Written(raw), size);
        }
    }

    fn hold(&mut self, path: &str, value: Held, size: usize) {
        // Six bytes a character is what JSON needs for control characters.
        let size = path.len().saturating_add(size);
        if self.bytes.saturating_add(size) > BYTES_MAX {
            return;
        }
        let mut same = None;
        for (at, leaf) in self.leaves.iter_mut().enumerate() {
            match lies(known(&self.paths, leaf), path) {
                Lies::Apart => {}
                Lies::Same => same = Some(at),
                Lies::Around(rest) => {
                    if let (Held::Value(around), Held::Value(value)) = (&mut leaf.value, value)
                        && insert(around, rest, value)
                    {
                        self.bytes = self.bytes.saturating_add(size);
                    }
                    return;
                }
                Lies::Inside => {
                    self.remove_inside(path);
                    break;
                }
            }
        }
        self.bytes = self.bytes.saturating_add(size);
        if let Some(leaf) = same.and_then(|at| self.leaves.get_mut(at)) {
            leaf.value = value;
            return;
        }
        let start = self.paths.len();
        self.paths.push_str(path);
        self.leaves.push(Leaf {
            start,
            end: self.paths.len(),
            value,
        });
    }

    fn remove_inside(&mut self, path: &str) {
        let paths = &self.paths;
        self.leaves
            .retain(|leaf| !matches!(lies(known(paths, leaf), path), Lies::Inside));
    }

    /// The same where the field is not set yet.
    pub fn set_if_absent(&mut self, path: &str, value: Option<impl Into<Value>>) {
        if value.is_some() && !self.is_set(path) {
            self.set(path, value);
        }
    }

    /// Copies a member that is a text, cut at 160 characters, and ignores one that is not.
    pub fn text(&mut self, path: &str, from: &Object, name: &str) {
        let text = from.get(name).and_then(Value::as_str);
        self.set(path, text.map(|text| cut(text, COPIED_MAX)));
    }

    /// Copies a member that is a whole number, and ignores one that is not.
    pub fn number(&mut self, path: &str, from: &Object, name: &str) {
        self.set(path, from.get(name).and_then(Value::as_u64));
    }

    /// Sets a field to an address in its canonical text, when the text is one.
    pub fn address(&mut self, path: &str, text: Option<&str>) {
        self.set(path, text.and_then(canonical));
    }

    /// Sets a field to a port or another number of 16 bits, written as a number or a text.
    pub fn port(&mut self, path: &str, value: Option<&Value>) {
        let number = value.and_then(|value| match value {
            Value::String(text) => text.trim().parse::<u16>().ok(),
            other => other.as_u64().and_then(|n| u16::try_from(n).ok()),
        });
        self.set(path, number);
    }

    /// Sets `labels.NAME`, whatever the name: its dots become `_`, as no path is meant by them, and
    /// at most 128 characters of it are kept.
    pub fn label(&mut self, name: &str, value: Option<impl Into<Value>>) {
        const BEFORE: &str = "labels.";
        let end = (name.len() > LABEL_NAME_MAX).then(|| name.char_indices().nth(LABEL_NAME_MAX));
        let end = end.flatten().map_or(name.len(), |(end, _)| end);
        let name = name.get(..end).unwrap_or_default();
        if name.is_empty() || name.contains('\0') {
            return;
        }
        let mut path = String::with_capacity(BEFORE.len().saturating_add(name.len()));
        path.push_str(BEFORE);
        for (at, part) in name.split('.').enumerate() {
            path.push_str(if at == 0 { "" } else { "_" });
            path.push_str(part);
        }
        self.set(&path, value);
    }

    /// The value at a path; of an object that fields make up there is none.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.leaves
            .iter()
            .find_map(|leaf| match lies(known(&self.paths, leaf), path) {
                Lies::Same => Some(leaf.value.value()),
                Lies::Around(rest) => Some(
                    rest.split('.')
                        .try_fold(leaf.value.value()?, |value, name| value.get(name)),
                ),
                Lies::Inside | Lies::Apart => None,
            })?
    }

    /// Whether there is a value or an object at a path.
    fn is_set(&self, path: &str) -> bool {
        let mut paths = self.leaves.iter().map(|leaf| known(&self.paths, leaf));
        paths.any(|known| matches!(lies(known, path), Lies::Same | Lies::Inside))
            || self.get(path).is_some()
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, path: &str) {
        let paths = &self.paths;
        self.leaves
            .retain(|leaf| !matches!(lies(known(paths, leaf), path), Lies::Same));
    }

    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The fields as one object.
    #[must_use]
    pub fn into_object(self) -> Object {
        match serde_json::to_value(&self) {
            Ok(Value::Object(object)) => object,
            _ => Object::new(),
        }
    }

    /// Goes on with fields that were written out before.
    #[must_use]
    pub fn from_object(object: Object) -> Self {
        let mut fields = Self::default();
        for (name, value) in object {
            let start = fields.paths.len();
            fields.paths.push_str(&name);
            let end = fields.paths.len();
            let value = Held::Value(value);
            fields.leaves.push(Leaf { start, end, value });
        }
        fields
    }

    /// Paths and values, so that those of one object stand together.
    fn sorted(&self) -> Vec<(&str, &Held)> {
        let leaves = self.leaves.iter();
        let mut all: Vec<_> = leaves
            .map(|leaf| (known(&self.paths, leaf), &leaf.value))
            .collect();
        all.sort_unstable_by_key(|(path, _)| *path);
        all
    }

    /// Writes the members but those that are `left_out` into an object.
    pub(super) fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        left_out: impl Fn(&str) -> bool,
    ) -> Result<(), M::Error> {
        let leaves = self.sorted();
        members(&leaves, 0, map, &left_out)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map, |_| false)?;
        map.end()
    }
}

/// Fields of one object; their paths are read from `from` on.
struct Members<'a> {
    leaves: &'a [(&'a str, &'a Held)],
    from: usize,
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        members(self.leaves, self.from, &mut map, &|_| false)?;
        map.end()
    }
}

fn members<M: SerializeMap>(
    mut leaves: &[(&str, &Held)],
    from: usize,
    map: &mut M,
    left_out: &dyn Fn(&str) -> bool,
) -> Result<(), M::Error> {
    while let [(path, value), rest @ ..] = leaves {
        let path = path.get(from..).unwrap_or_default();
        let Some((name, _)) = path.split_once('.') else {
            if !left_out(path) {
                map.serialize_entry(path, value)?;
            }
            leaves = rest;
            continue;
        };
        let inner = from.saturating_add(name.len()).saturating_add(1);
        let is_member = |(other, _): &&(&str, &Held)| {
            let other = other.get(from..inner).unwrap_or_default();
            other.strip_suffix('.') == Some(name)
        };
        let (object, behind) = leaves
            .split_at_checked(leaves.iter().take_while(is_member).count())
            .unwrap_or_default();
        if !left_out(name) {
            let object = Members {
                leaves: object,
                from: inner,
            };
            map.serialize_entry(name, &object)?;
        }
        leaves = behind;
    }
    Ok(())
}

fn known<'a>(paths: &'a str, leaf: &Leaf) -> &'a str {
    paths.get(leaf.start..leaf.end).unwrap_or_default()
}

fn lies<'p>(known: &str, path: &'p str) -> Lies<'p> {
    match known.len().cmp(&path.len()) {
        Ordering::Equal if known == path => Lies::Same,
        // One byte tells of most that they are apart.
        Ordering::Less if path.as_bytes().get(known.len()) == Some(&b'.') => {
            match path.strip_prefix(known) {
                Some(rest) => Lies::Around(rest.get(1..).unwrap_or_default()),
                None => Lies::Apart,
            }
        }
        Ordering::Greater
            if known.as_bytes().get(path.len()) == Some(&b'.') && known.starts_with(path) =>
        {
            Lies::Inside
        }
        _ => Lies::Apart,
    }
}

/// Inserts into a value that is an object; `false` where the path goes through a plain value.
fn insert(value: &mut Value, path: &str, inserted: Value) -> bool {
    let Value::Object(object) = value else {
        return false;
    };
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), inserted);
            true
        }
        Some((outer, rest)) => {
            let next = object
                .entry(outer)
                .or_insert_with(|| Value::Object(Map::new()));
            insert(next, rest, inserted)
        }
    }
}

fn written_size(value: &Value) -> usize {
    match value {
        Value::String(text) => {
            let escaped = text
                .bytes()
                .filter(|b| *b < 0x20 || *b == b'"' || *b == b'\\');
            text.len().saturating_add(escaped.count().saturating_mul(5))
        }
        Value::Array(values) => values.iter().fold(2, |sum: usize, value| {
            sum.saturating_add(written_size(value))
        }),
        Value::Object(members) => members.iter().fold(2, |sum: usize, (name, value)| {
            sum.saturating_add(name.len())
                .saturating_add(written_size(value))
        }),
        _ => 24,
    }
}
