//! The shapes in which shippers write a Windows event, and what they have in common.

use std::collections::BTreeMap;

use base::Timestamp;
use serde_json::Value;

use super::super::members::{as_word, at, first, number, object, objects, text};
use super::super::time::parse_time;
use super::kind;
use crate::adapters::Object;

/// Highest id an event may have; Windows has 16 bits, and some programs add the qualifiers.
const ID_MAX: i64 = 4_294_967_295;

/// One event of any shape.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) id: i64,
    pub(super) channel: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    pub(super) computer: Option<&'a str>,
    record: Option<String>,
    pub(super) time: Option<Timestamp>,
    /// 1 critical, 2 error, 3 warning, 4 information, 5 verbose; 0 always.
    pub(super) level: Option<i64>,
    keywords: Vec<&'a str>,
    pub(super) message: Option<&'a str>,
    data: Data<'a>,
}

/// What the event itself says, by the names its provider gives it.
#[derive(Debug, Default)]
struct Data<'a> {
    objects: Vec<&'a Object>,
    listed: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Entry<'a> {
    pub(super) fn read(whole: &'a Object) -> Option<Self> {
        if let Some(event) = object(whole, "Event") {
            return Self::of_xml(event);
        }
        match object(whole, "winlog") {
            Some(winlog) => Self::of_winlogbeat(whole, winlog),
            None => Self::of_flat(whole),
        }
    }

    /// `Event.System` and `Event.EventData`, as the XML is written in JSON.
    fn of_xml(event: &'a Object) -> Option<Self> {
        let system = object(event, "System")?;
        let plain = |name: &str| plain(at(system, name)?);
        let text = |name: &str| {
            plain(name)?
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let time = attribute(at(system, "TimeCreated")?, "SystemTime");
        let mut data = Data::default();
        for name in ["EventData", "UserData"] {
            if let Some(object) = object(event, name) {
                data.take(object, name == "UserData");
            }
        }
        Some(Self {
            id: id(plain("EventID")?)?,
            channel: text("Channel"),
            provider: at(system, "Provider").and_then(|it| attribute(it, "Name")),
            computer: text("Computer"),
            record: plain("EventRecordID").and_then(as_word),
            time: time.and_then(when),
            level: number(system, "Level"),
            keywords: text("Keywords").into_iter().collect(),
            message: first(event, &["RenderingInfo.Message", "Message"]),
            data,
        })
    }

    /// Winlogbeat and Elastic Agent.
    fn of_winlogbeat(whole: &'a Object, winlog: &'a Object) -> Option<Self> {
        let mut data = Data::default();
        for name in ["event_data", "user_data"] {
            data.objects.extend(object(winlog, name));
        }
        Some(Self {
            id: id(at(winlog, "event_id").or_else(|| at(whole, "event.code"))?)?,
            channel: text(winlog, "channel"),
            provider: text(winlog, "provider_name").or_else(|| text(whole, "event.provider")),
            computer: text(winlog, "computer_name").or_else(|| text(whole, "host.name")),
            record: at(winlog, "record_id").and_then(as_word),
            time: first(whole, &["@timestamp", "event.created"]).and_then(when),
            level: text(whole, "log.level").and_then(level_of),
            keywords: super::super::members::texts(winlog, "keywords").collect(),
            message: text(whole, "message"),
            data,
        })
    }

    /// Everything in one object: `NXLog`, Fluent Bit, Logstash, data sets.
    fn of_flat(whole: &'a Object) -> Option<Self> {
        let data = Data {
            objects: [Some(whole), object(whole, "EventData")]
                .into_iter()
                .flatten()
                .collect(),
            listed: BTreeMap::new(),
        };
        let keywords = first(whole, &["Keywords", "EventType"]).into_iter();
        let times = [
            "TimeCreated",
            "SystemTime",
            "@timestamp",
            "UtcTime",
            // The computer's own time, for NXLog.
            "EventTime",
            "timestamp",
        ];
        Some(Self {
            id: id(at(whole, "EventID")?)?,
            channel: text(whole, "Channel"),
            provider: first(whole, &["ProviderName", "SourceName", "Provider"]),
            computer: first(
                whole,
                &[
                    "Computer",
                    "Hostname",
                    "ComputerName",
                    "MachineName",
                    "host.name",
                ],
            ),
            record: ["RecordNumber", "EventRecordID", "RecordID"]
                .iter()
                .find_map(|name| as_word(at(whole, name)?)),
            time: times
                .iter()
                .find_map(|name| when(&as_word(at(whole, name)?)?)),
            level: number(whole, "Level")
                .or_else(|| level_of(first(whole, &["Level", "Severity"])?)),
            keywords: keywords.collect(),
            message: first(whole, &["Message", "message"]),
            data,
        })
    }

    /// `data.win` of Wazuh, whose names begin with small letters.
    pub(super) fn of_wazuh(win: &'a Object) -> Option<Self> {
        let system = object(win, "system")?;
        let data = Data {
            objects: object(win, "eventdata").into_iter().collect(),
            listed: BTreeMap::new(),
        };
        Some(Self {
            id: id(at(system, "eventID")?)?,
            channel: text(system, "channel"),
            provider: text(system, "providerName"),
            computer: text(system, "computer"),
            record: at(system, "eventRecordID").and_then(as_word),
            time: text(system, "systemTime").and_then(when),
            level: number(system, "level"),
            keywords: text(system, "keywords").into_iter().collect(),
            message: text(system, "message").map(|text| text.trim_matches('"')),
            data,
        })
    }

    /// A value of the event by the name its provider gives it.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        if let Some(value) = self.data.listed.get(name) {
            return Some(value);
        }
        let mut objects = self.data.objects.iter();
        objects.find_map(|object| {
            object.get(name).or_else(|| {
                let (first, rest) = name.split_at_checked(1)?;
                object.get(&format!("{}{rest}", first.to_ascii_lowercase()))
            })
        })
    }

    /// The same as a text, trimmed; an empty one and `-` are none.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let text = self.value(name)?.as_str()?.trim();
        (!matches!(text, "" | "-" | "N/A")).then_some(text)
    }

    /// The same as a text or a number written as one.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        as_word(self.value(name)?)
    }

    /// Sigma's name of the channel.
    pub(super) fn service(&self) -> Option<&'static str> {
        kind::service(self.channel?)
    }

    /// Sigma's name of what is logged.
    pub(super) fn category(&self) -> Option<&'static str> {
        let word = self
            .text("EventTypeOrignal")
            .or_else(|| self.text("EventType"));
        kind::category(self.service()?, self.id, word.unwrap_or_default())
    }

    /// Record numbers begin anew when a log is cleared; the time tells them apart.
    pub(super) fn key(&self) -> Option<String> {
        let record = self.record.as_deref()?;
        let (computer, channel) = (self.computer?, self.channel?);
        let time = self.time.map_or(0, Timestamp::micros);
        Some(format!("{computer}/{channel}/{record}/{time}"))
    }

    /// Whether what was tried worked: the audit's own word.
    pub(super) fn outcome(&self) -> Option<&'static str> {
        let is = |words: &[&str], bit: u64| {
            self.keywords.iter().any(|word| {
                let number = word
                    .strip_prefix("0x")
                    .and_then(|hex| u64::from_str_radix(hex, 16).ok());
                words.iter().any(|it| it.eq_ignore_ascii_case(word))
                    || number.is_some_and(|number| number & bit != 0)
            })
        };
        if is(&["Audit Failure", "AUDIT_FAILURE"], 1 << 52) {
            Some("failure")
        } else if is(&["Audit Success", "AUDIT_SUCCESS"], 1 << 53) {
            Some("success")
        } else {
            None
        }
    }

    pub(super) fn level_word(&self) -> Option<&'static str> {
        Some(match self.level? {
            0 | 4 => "information",
            1 => "critical",
            2 => "error",
            3 => "warning",
            5 => "verbose",
            _ => return None,
        })
    }
}

impl<'a> Data<'a> {
    /// Takes `EventData` (names and values, or a list of `Data`) or `UserData` (one object inside).
    fn take(&mut self, object: &'a Object, is_user: bool) {
        self.objects.push(object);
        if is_user {
            self.objects
                .extend(object.values().filter_map(Value::as_object).take(4));
        }
        for item in objects(object, "Data").take(256) {
            let name = ["@Name", "Name", "#attributes.Name"]
                .iter()
                .find_map(|path| text(item, path));
            let value = ["#text", "content", "Value", "_"]
                .iter()
                .find_map(|name| item.get(*name));
            if let (Some(name), Some(value)) = (name, value) {
                self.listed.insert(name, value);
            }
        }
    }
}

/// An element's own text where it also has attributes.
fn plain(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(element) => element.get("#text").or_else(|| element.get("content")),
        other => Some(other),
    }
}

/// An element's attribute, as the programs write it.
fn attribute<'v>(element: &'v Value, name: &str) -> Option<&'v str> {
    let element = element.as_object()?;
    let inside = object(element, "#attributes").or_else(|| object(element, "$"));
    inside
        .and_then(|attributes| text(attributes, name))
        .or_else(|| text(element, &format!("@{name}")))
        .or_else(|| text(element, name))
}

/// An event id, also one written as a text.
pub(super) fn id(value: &Value) -> Option<i64> {
    let id = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_i64()?,
    };
    // Qualifiers stand in the upper half.
    (0..=ID_MAX).contains(&id).then_some(id & 0xffff)
}

fn level_of(word: &str) -> Option<i64> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "critical" => 1,
        "error" => 2,
        "warning" => 3,
        "information" | "info" => 4,
        "verbose" | "debug" => 5,
        _ => return None,
    })
}

/// Fluent Bit puts a space before the offset.
fn when(text: &str) -> Option<Timestamp> {
    parse_time(text).or_else(|| {
        let (time, offset) = text.trim().rsplit_once(' ')?;
        offset
            .starts_with(['+', '-'])
            .then(|| parse_time(&format!("{time}{offset}")))?
    })
}
