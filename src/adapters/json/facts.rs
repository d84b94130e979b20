//! What an object, or pairs of names and values, say under the usual names.

use std::net::IpAddr;

use base::Timestamp;
use serde_json::Value;

use super::super::attack::Attack;
use super::super::text::moment;
use super::super::{Draft, Object};
use super::given::{Given, kind};
use super::names::{
    FIRST_FIELD, KNOWN, MESSAGE, Meaning, PENALTY, SOURCE, Shape, TAGS, TIME, TYPE, is_transparent,
    meaning, name_at,
};
use super::squeezed::Squeezed;

/// Members read of one record, those of objects inside it included.
const MEMBERS_MAX: usize = 512;
/// How deep objects inside the record are looked into.
const DEPTH_MAX: u8 = 4;
/// Longest name of an event that is a key, in bytes.
const KEY_MAX: usize = 512;
/// Labels kept of a record.
const LABELS_MAX: usize = 32;

/// A value that was understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Fact<'v> {
    Text(&'v str),
    Number(u64),
    Address(IpAddr, Option<u16>),
    Time(Timestamp),
    /// One of our own words.
    Word(&'static str),
    /// As it is; of the shapes for levels, tags and scalars.
    Given(Given<'v>),
}

#[derive(Clone, Copy, Debug)]
struct Found<'v> {
    rank: u8,
    fact: Fact<'v>,
}

/// The best value found for each field.
#[derive(Debug)]
pub(in super::super) struct Facts<'v> {
    found: [Option<Found<'v>>; KNOWN.len()],
    /// A bit for each of them that is there.
    filled: u128,
    labels: Option<&'v Object>,
    key: Option<&'v Value>,
    has_line: bool,
    /// Whether `level` says how bad it is, as in what rules of Sigma found.
    is_sigma: bool,
    /// The day and the time of day, where they are apart, and their zone.
    apart: [Option<&'v str>; 3],
    now: Timestamp,
    members: usize,
}

/// The objects around a member.
#[derive(Clone, Copy)]
struct Around {
    /// Their names.
    all: Squeezed,
    /// The names of those inside the innermost transparent one, if there is one.
    inner: Option<Squeezed>,
    depth: u8,
}

impl<'v> Facts<'v> {
    /// Nothing yet; `now` completes times without a year.
    pub(in super::super) const fn new(now: Timestamp) -> Self {
        const { assert!(KNOWN.len() <= 128, "a bit for each") };
        Self {
            found: [None; KNOWN.len()],
            filled: 0,
            labels: None,
            key: None,
            has_line: false,
            is_sigma: false,
            apart: [None; 3],
            now,
            members: 0,
        }
    }

    /// What an object says.
    pub(in super::super) fn of(object: &'v Object, now: Timestamp) -> Self {
        let mut facts = Self::new(now);
        facts.object(object);
        facts
    }

    /// Looks at every member of an object.
    fn object(&mut self, object: &'v Object) {
        let outside = Around {
            all: Squeezed::EMPTY,
            inner: None,
            depth: 0,
        };
        self.walk(object, outside);
    }

    fn walk(&mut self, object: &'v Object, around: Around) {
        for (name, value) in object {
            self.members = self.members.saturating_add(1);
            if self.members > MEMBERS_MAX {
                return;
            }
            if is_key(name, &around) {
                self.key = Some(value);
            }
            if around.depth == 0 {
                self.has_line |= name == "lineno";
                self.is_sigma |= is_sigma(name, value);
            }
            let all = around.all.then(name);
            let inner = around.inner.and_then(|inner| inner.then(name));
            if let Value::Object(members) = value {
                self.inside(members, all, inner, around);
            } else if let Some(meaning) = all.and_then(|name| meaning(name.as_bytes())) {
                self.take(meaning, Given::of(value));
            } else if let Some(Meaning { field, rank }) =
                inner.and_then(|name| meaning(name.as_bytes()))
            {
                let rank = rank.saturating_add(PENALTY);
                self.take(Meaning { field, rank }, Given::of(value));
            } else if let Value::String(text) = value {
                self.zone(name, text);
            }
        }
    }

    fn inside(
        &mut self,
        members: &'v Object,
        all: Option<Squeezed>,
        inner: Option<Squeezed>,
        around: Around,
    ) {
        let Some(all) = all.filter(|_| around.depth < DEPTH_MAX) else {
            return;
        };
        if self.labels.is_none() && matches!(all.as_bytes(), b"labels" | b"tags") {
            self.labels = Some(members);
        }
        let outermost = if around.depth == 0 { Some(all) } else { inner };
        let opens = outermost.is_some_and(|name| is_transparent(name.as_bytes()));
        let around = Around {
            all,
            inner: if opens { Some(Squeezed::EMPTY) } else { inner },
            depth: around.depth.saturating_add(1),
        };
        self.walk(members, around);
    }

    /// Takes a pair of a name and a text; `false` when the name means nothing.
    pub(in super::super) fn pair(&mut self, name: &str, value: &'v str) -> bool {
        let squeezed = Squeezed::EMPTY.then(name);
        let Some(meaning) = squeezed.and_then(|name| meaning(name.as_bytes())) else {
            self.zone(name, value);
            return false;
        };
        self.take(meaning, Given::Text(value))
    }

    fn take(&mut self, meaning: Meaning, given: Given<'v>) -> bool {
        let Meaning { field, rank } = led(meaning, given);
        let field = usize::from(field);
        let Some(slot) = self.found.get_mut(field) else {
            return false;
        };
        if slot.is_some_and(|found| found.rank <= rank) {
            return true;
        }
        let shape = KNOWN
            .get(field)
            .map_or(Shape::Scalar, |(_, shape, _)| *shape);
        let Some(fact) = shape.read(given, rank, self.now) else {
            if shape == Shape::Time {
                self.part_of_time(rank, given);
            }
            // Some call the message an event: a sentence is no kind.
            let field = u8::try_from(MESSAGE).unwrap_or_default();
            let rank = PENALTY.saturating_sub(1);
            return shape == Shape::Type && self.take(Meaning { field, rank }, given);
        };
        *slot = Some(Found { rank, fact });
        self.filled |= 1 << field;
        true
    }

    /// Takes the zone of times that name none.
    fn zone(&mut self, name: &str, value: &'v str) {
        let [.., zone] = &mut self.apart;
        if matches!(name, "tz" | "timezone" | "time_zone" | "TZ") {
            *zone = zone.or(Some(value));
        }
    }

    /// Takes a day or a time of day that stands alone.
    fn part_of_time(&mut self, rank: u8, given: Given<'v>) {
        let [day, clock, _] = &mut self.apart;
        match name_at(TIME, rank) {
            "date" => *day = day.or(given.text()),
            "time" => *clock = clock.or(given.text()),
            _ => {}
        }
    }

    /// The time of a day and a time of day that stand apart, and whether its zone is known.
    fn joined(&self) -> Option<(Timestamp, bool)> {
        let [Some(day), Some(clock), zone] = self.apart else {
            return None;
        };
        // A time of day with an offset needs no other.
        let zone = zone.filter(|_| !clock.contains(['+', '-', 'Z']));
        let zoned = zone.and_then(|zone| moment::zoned(&format!("{day} {clock}"), zone, self.now));
        zoned.map(|time| (time, true)).or_else(|| {
            let time = moment::written(&format!("{day} {clock}"), self.now)?;
            Some((time, false))
        })
    }

    /// What was found for a field, and the name it was found under.
    pub(super) fn found(&self, field: usize) -> Option<(Fact<'v>, &'static str)> {
        let found = (*self.found.get(field)?)?;
        Some((found.fact, name_at(field, found.rank)))
    }

    fn text_of(&self, field: usize) -> Option<&'v str> {
        match self.found(field)?.0 {
            Fact::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What the sender calls this event, where it can mean nothing else: `_id`, or `event.id`. A plain
    /// `id` may be anything.
    pub(super) fn key(&self) -> Option<String> {
        let key = match self.key? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (1..=KEY_MAX).contains(&key.len()).then_some(key)
    }

    /// What happened, in words.
    pub(in super::super) fn message(&self) -> Option<&'v str> {
        self.text_of(MESSAGE)
    }

    /// The same only where a name says that it is the message and nothing else.
    pub(super) fn is_message_plain(&self) -> bool {
        let found = self.found.get(MESSAGE).copied().flatten();
        found.is_some_and(|found| found.rank < 3)
    }

    /// When it happened, and whether that is sure: a day and a time of day without a zone are not.
    fn time(&self) -> Option<(Timestamp, bool)> {
        if let Some((Fact::Time(time), _)) = self.found(TIME) {
            return Some((time, true));
        }
        self.joined().or_else(|| {
            let start = moment::written(self.text_named(b"eventstart")?, self.now)?;
            Some((start, true))
        })
    }

    /// The record's own word for its kind.
    fn event_type(&self) -> Option<&'v str> {
        self.text_of(TYPE)
            .or_else(|| kind(self.text_named(b"eventdataset")?, PENALTY.saturating_sub(1)))
    }

    /// What was found for the field that a squeezed name means.
    fn text_named(&self, name: &[u8]) -> Option<&'v str> {
        self.text_of(usize::from(meaning(name)?.field))
    }

    /// Whether `level` is a judgement.
    pub(super) const fn is_sigma(&self) -> bool {
        self.is_sigma
    }

    /// Whether a member is what a field was read from, or says how bad it was or when.
    pub(super) fn is_told_elsewhere(name: &str) -> bool {
        let squeezed = Squeezed::EMPTY.then(name);
        let meaning = squeezed.and_then(|name| meaning(name.as_bytes()));
        meaning.is_some_and(|meaning| usize::from(meaning.field) < FIRST_FIELD)
    }

    /// What was found of the attributes.
    fn fields(&self) -> impl Iterator<Item = (&'static str, Shape, Fact<'v>)> {
        let mut left = self.filled >> FIRST_FIELD << FIRST_FIELD;
        std::iter::from_fn(move || {
            let field = usize::try_from(left.trailing_zeros()).ok()?;
            // The lowest bit is taken away.
            left &= left.checked_sub(1)?;
            let (path, shape, _) = KNOWN.get(field)?;
            Some((*path, *shape, (*self.found.get(field)?)?.fact))
        })
    }

    /// Gives a draft everything but severity and description. What the record says replaces what
    /// was known, unless `keep` is set: then it fills what is missing.
    pub(in super::super) fn give(&self, draft: &mut Draft, keep: bool) {
        let mut attack: Option<Attack> = None;
        for (path, shape, fact) in self.fields() {
            match shape {
                // Python's records say where in the program they were written.
                _ if path == "file.name" && self.has_line => {}
                Shape::Technique => give_attack(attack.get_or_insert_default(), path, fact),
                _ => give_field(draft, path, shape, fact, keep),
            }
        }
        if let Some(attack) = attack {
            attack.put(draft);
        }
        if let Some((Fact::Address(address, _), _)) = self.found(SOURCE) {
            let text = address.to_canonical().to_string();
            draft.fields.set_if_absent("source.ip", Some(text));
        }
        if let Some(labels) = self.labels {
            give_labels(draft, labels);
        }
        if let Some((Fact::Given(tags), _)) = self.found(TAGS) {
            tags.each_word(|tag| draft.tag(tag));
        }
        let fills = |empty: bool| empty || !keep;
        if let Some((time, sure)) = self.time()
            && (draft.occurred_at.is_none() || sure && !keep)
        {
            draft.occurred_at = Some(time);
        }
        if let Some(kind) = self
            .event_type()
            .filter(|_| fills(draft.event_type.is_none()))
        {
            draft.event_type = Some(kind.to_owned());
        }
        if let Some(source) = self
            .text_of(SOURCE)
            .filter(|_| fills(draft.source_name.is_none()))
        {
            draft.source_name = Some(source.to_owned());
        }
    }
}

fn is_key(name: &str, around: &Around) -> bool {
    match (name.len(), around.depth) {
        (3, 0) => name == "_id",
        (8, 0) => name == "event.id",
        (2, 1) => name == "id" && around.all.as_bytes() == b"event",
        _ => false,
    }
}

/// Whether a member says that a rule of Sigma found the record: Chainsaw, Hayabusa and their like.
fn is_sigma(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("logsource", Value::Object(_)) | ("RuleTitle", Value::String(_)) => true,
        ("source" | "group", Value::String(word)) => word.eq_ignore_ascii_case("sigma"),
        _ => false,
    }
}

/// `process` may be a number, which is no name: it is the process id, if nothing else says it. A
/// list of types is what the Elastic Common Schema calls one, and no kind of event.
fn led(found: Meaning, given: Given<'_>) -> Meaning {
    let shape = KNOWN
        .get(usize::from(found.field))
        .map(|(_, shape, _)| *shape);
    if shape == Some(Shape::Type) && matches!(given, Given::Json(Value::Array(_))) {
        return meaning(b"eventtypes").unwrap_or(found);
    }
    if shape != Some(Shape::Process) || given.number().is_none() {
        return found;
    }
    meaning(b"processpid").map_or(found, |pid| Meaning {
        field: pid.field,
        rank: found.rank.saturating_add(32),
    })
}

fn give_field(draft: &mut Draft, path: &str, shape: Shape, fact: Fact<'_>, keep: bool) {
    let fields = &mut draft.fields;
    let value: Value = match (shape, fact) {
        (Shape::Host, Fact::Address(address, _)) => {
            fields.set_if_absent("host.ip", Some(address.to_canonical().to_string()));
            return;
        }
        (Shape::Protocol, Fact::Word(transport)) => {
            fields.set_if_absent("network.transport", Some(transport));
            return;
        }
        (Shape::Status, Fact::Word(outcome)) => {
            fields.set_if_absent("event.outcome", Some(outcome));
            return;
        }
        (_, Fact::Address(address, port)) => {
            if let Some(side) = path.strip_suffix(".ip") {
                fields.set_if_absent(&format!("{side}.port"), port);
            }
            address.to_canonical().to_string().into()
        }
        (_, Fact::Text(text)) => text.into(),
        (_, Fact::Number(number)) => number.into(),
        (_, Fact::Word(word)) => word.into(),
        (_, Fact::Given(given)) => given.value(),
        (_, Fact::Time(_)) => return,
    };
    if keep {
        fields.set_if_absent(path, Some(value));
    } else {
        fields.set(path, Some(value));
    }
}

fn give_attack(attack: &mut Attack, path: &str, fact: Fact<'_>) {
    if let Fact::Given(words) = fact {
        words.each_word(|word| match path {
            "threat.technique.name" => attack.technique(word),
            "threat.tactic.name" => attack.tactic(word),
            _ => attack.read(word),
        });
    }
}

fn give_labels(draft: &mut Draft, labels: &Object) {
    for (name, value) in labels.iter().take(LABELS_MAX) {
        if !value.is_object() && !value.is_array() {
            draft.fields.label(name, Some(value.clone()));
        }
    }
}
