//! From lines to batches of events: everything that needs no database.

use std::io;

use tokio::sync::mpsc;

use super::What;
use super::lines::Lines;
use super::records::{Records, WHOLE_MAX};
use super::refusals::Refusals;
use super::source::Source;
use crate::adapters::Profile;
use crate::app::App;
use crate::cli::storing::BATCH_EVENTS;
use crate::cli::terminal;
use crate::events::{NewEvent, read_new};
use crate::ingest::{EVENT_LINE_MAX, Prepared};

/// Bytes of lines in one batch, where they are long: 8 MiB.
const BATCH_BYTES: usize = 8 << 20;
/// Refused lines after which a part is sent although it holds few events.
const BATCH_REFUSED: u64 = 10_000;

/// What the reader sends.
#[derive(Debug)]
pub(super) enum Part {
    /// Events to store, and lines that were refused among them.
    Batch {
        events: Vec<Prepared>,
        refused: Refusals,
        /// The first line of the batch.
        first_line: u64,
    },
    /// The input cannot be read on.
    Failed {
        error: io::Error,
        /// The first line that was not sent.
        first_line: u64,
    },
}

/// Reads lines, checks them and sends batches until the input ends or nobody listens.
pub(super) struct Reading {
    pub(super) app: App,
    pub(super) what: What,
    pub(super) source: Option<String>,
    /// What administrators said of the source.
    pub(super) profile: Profile,
    pub(super) from_line: u64,
    pub(super) parts: mpsc::Sender<Part>,
}

/// Nobody listens any more.
pub(super) struct Unheard;

/// The batch being filled.
pub(super) struct Filling {
    pub(super) events: Vec<Prepared>,
    pub(super) refused: Refusals,
    pub(super) bytes: usize,
    first_line: u64,
    next_line: u64,
}

impl Filling {
    fn from(first_line: u64) -> Self {
        let next_line = first_line;
        Self {
            events: Vec::new(),
            refused: Refusals::default(),
            bytes: 0,
            first_line,
            next_line,
        }
    }

    fn is_full(&self) -> bool {
        self.events.len() >= BATCH_EVENTS
            || self.bytes >= BATCH_BYTES
            || self.refused.count() >= BATCH_REFUSED
    }
}

impl Reading {
    /// Does it all; blocks.
    pub(super) fn run(self, source: Source) {
        let length_max = match self.what {
            What::Events => EVENT_LINE_MAX,
            // A file of CloudTrail is one line; what is in it is measured record by record.
            What::Records(_) => WHOLE_MAX,
        };
        let mut filling = Filling::from(self.from_line);
        let read = source.text().and_then(|text| {
            let mut lines = Lines::new(text, length_max);
            self.read(&mut lines, &mut filling)
        });
        // Nobody listening is how an interruption is heard.
        drop(match read {
            Ok(Ok(())) => self.send(filling),
            Ok(Err(unheard)) => Err(unheard),
            Err(error) => {
                // What was read before is as good as if it stood alone.
                let failed = Part::Failed {
                    error,
                    first_line: filling.next_line,
                };
                let sent = self.send(filling);
                sent.and_then(|()| self.parts.blocking_send(failed).map_err(|_| Unheard))
            }
        });
    }

    fn read<R: io::Read>(
        &self,
        lines: &mut Lines<R>,
        filling: &mut Filling,
    ) -> io::Result<Result<(), Unheard>> {
        let mut records = match self.what {
            What::Events => None,
            What::Records(format) => Some(Records::new(self, format)),
        };
        while let Some(line) = lines.next()? {
            let number = line.number;
            if number < self.from_line {
                if let (Some(records), Some(text)) = (&mut records, line.text) {
                    records.pass_over(text);
                }
                continue;
            }
            filling.next_line = number.saturating_add(1);
            let heard = match (line.text, &mut records) {
                (None, _) => {
                    filling.refused.note(number, "the line is too long");
                    Ok(())
                }
                (Some(text), _) if text.trim_ascii().is_empty() => Ok(()),
                (Some(text), Some(records)) => records.line(text, number, filling),
                (Some(text), None) => {
                    filling.bytes = filling.bytes.saturating_add(text.len());
                    match self.event(text) {
                        Ok(event) => filling.events.push(Prepared::new(&self.app, event)),
                        Err(reason) => filling.refused.note(number, without_place(&reason)),
                    }
                    self.send_if_full(filling)
                }
            };
            if heard.is_err() {
                return Ok(Err(Unheard));
            }
        }
        Ok(records.map_or(Ok(()), |records| records.end(filling)))
    }

    pub(super) fn send_if_full(&self, filling: &mut Filling) -> Result<(), Unheard> {
        if !filling.is_full() {
            return Ok(());
        }
        let next = Filling::from(filling.next_line);
        self.send(std::mem::replace(filling, next))
    }

    fn send(&self, filling: Filling) -> Result<(), Unheard> {
        let Filling {
            events,
            refused,
            first_line,
            ..
        } = filling;
        let part = Part::Batch {
            events,
            refused,
            first_line,
        };
        self.parts.blocking_send(part).map_err(|_| Unheard)
    }

    /// One line as an event, or why it is none.
    fn event(&self, line: &[u8]) -> Result<NewEvent, String> {
        let mut event = self.own(line)?;
        if let Some(source) = &self.source {
            event.source_name.clone_from(source);
        }
        Ok(event)
    }

    fn own(&self, line: &[u8]) -> Result<NewEvent, String> {
        let line = line.trim_ascii();
        if line.first() == Some(&b'[') {
            return Err("an array: put one event on each line, as `jq -c '.[]'` does".to_owned());
        }
        let errors = match (read_new(line), &self.source) {
            (Ok(event), _) => return Ok(event),
            // It may lack just what is given once for all.
            (Err(errors), Some(source)) if errors.contains_key("source_name") => {
                match with_source(line, source).map(|line| read_new(&line)) {
                    Some(Ok(event)) => return Ok(event),
                    Some(Err(less)) if less.len() < errors.len() => less,
                    _ => errors,
                }
            }
            (Err(errors), _) => errors,
        };
        Err(terminal::field_errors(&errors))
    }
}

/// A reason without the place in the line, so that like reasons are counted together.
pub(super) fn without_place(reason: &str) -> &str {
    reason.split(" at line 1 column ").next().unwrap_or(reason)
}

/// The object with a source in front of its other fields.
fn with_source(line: &[u8], source: &str) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"{")?;
    let name = serde_json::to_string(source).ok()?;
    Some([b"{\"source_name\":", name.as_bytes(), b",", rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_goes_in_front() {
        let line = with_source(b"{\"severity\":\"LOW\"}", "a \"b\"").unwrap();
        assert_eq!(
            line,
            b"{\"source_name\":\"a \\\"b\\\"\",\"severity\":\"LOW\"}"
        );
        assert_eq!(with_source(b"[]", "a"), None);
    }

    #[test]
    fn like_reasons_are_alike() {
        assert_eq!(
            without_place("body: not JSON at line 1 column 7"),
            "body: not JSON"
        );
        assert_eq!(without_place("severity: required"), "severity: required");
    }
}
