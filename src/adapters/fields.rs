//! The mapped fields of an event: nested objects, filled by dotted paths.

mod marks;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::record::Object;
use marks::{Mark, Marks};

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
    /// The marks of all paths, and of all objects around them.
    held: Marks,
    around: Marks,
    bytes: usize,
}

/// A value, and where its path stands. No path leads through the value of another.
#[derive(Clone, Debug)]
struct Leaf {
    start: usize,
    end: usize,
    mark: Mark,
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
        if let Some((at, rest)) = self.leaf_around(path) {
            if let Some(Held::Value(around)) = self.leaves.get_mut(at).map(|leaf| &mut leaf.value)
                && let Held::Value(value) = value
                && insert(around, rest, value)
            {
                self.bytes = self.bytes.saturating_add(size);
            }
            return;
        }
        self.bytes = self.bytes.saturating_add(size);
        let mark = Mark::of(path);
        let same = self.place(path, mark);
        if let Some(leaf) = same.and_then(|at| self.leaves.get_mut(at)) {
            leaf.value = value;
        } else {
            self.remove_inside(path, mark);
            self.push(path, mark, value);
        }
    }

    fn push(&mut self, path: &str, mark: Mark, value: Held) {
        let start = self.paths.len();
        self.paths.push_str(path);
        let end = self.paths.len();
        self.leaves.push(Leaf {
            start,
            end,
            mark,
            value,
        });
        self.held.add(mark);
        for (outer, _) in outer(path) {
            self.around.add(Mark::of(outer));
        }
    }

    /// Where the field of this very path is.
    fn place(&self, path: &str, mark: Mark) -> Option<usize> {
        if !self.held.may_hold(mark) {
            return None;
        }
        let mut leaves = self.leaves.iter();
        leaves.position(|leaf| leaf.mark == mark && known(&self.paths, leaf) == path)
    }

    /// Where the field is that the path leads through, and the rest of the path.
    fn leaf_around<'p>(&self, path: &'p str) -> Option<(usize, &'p str)> {
        outer(path).find_map(|(outer, rest)| Some((self.place(outer, Mark::of(outer))?, rest)))
    }

    /// Whether a field lies inside the object of a path.
    fn is_around(&self, path: &str, mark: Mark) -> bool {
        let mut leaves = self.leaves.iter();
        self.around.may_hold(mark) && leaves.any(|it| is_inside(known(&self.paths, it), path))
    }

    fn remove_inside(&mut self, path: &str, mark: Mark) {
        if self.around.may_hold(mark) {
            let paths = &self.paths;
            self.leaves
                .retain(|leaf| !is_inside(known(paths, leaf), path));
        }
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
        let value = |at: usize| self.leaves.get(at)?.value.value();
        if let Some(at) = self.place(path, Mark::of(path)) {
            return value(at);
        }
        let (at, rest) = self.leaf_around(path)?;
        let mut names = rest.split('.');
        names.try_fold(value(at)?, |value, name| value.get(name))
    }

    /// Whether there is a value or an object at a path.
    fn is_set(&self, path: &str) -> bool {
        let mark = Mark::of(path);
        self.place(path, mark).is_some() || self.is_around(path, mark) || self.get(path).is_some()
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, path: &str) {
        if let Some(at) = self.place(path, Mark::of(path)) {
            self.leaves.swap_remove(at);
        }
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
        // All of them begin alike up to `from`; the name and its dot tell them apart.
        let of_object = leaves.first().and_then(|(path, _)| part(path, from, inner));
        let is_member = |(other, _): &&(&str, &Held)| part(other, from, inner) == of_object;
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

fn part(path: &str, from: usize, to: usize) -> Option<&[u8]> {
    path.as_bytes().get(from..to)
}

fn known<'a>(paths: &'a str, leaf: &Leaf) -> &'a str {
    paths.get(leaf.start..leaf.end).unwrap_or_default()
}

/// The paths of the objects a path leads through, from the outermost, and the rest behind each.
fn outer(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let dots = path.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
    dots.filter_map(|(at, _)| Some((path.get(..at)?, path.get(at.saturating_add(1)..)?)))
}

/// Whether a path lies inside the object of another.
fn is_inside(path: &str, object: &str) -> bool {
    let rest = path.strip_prefix(object);
    rest.is_some_and(|rest| rest.starts_with('.'))
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
