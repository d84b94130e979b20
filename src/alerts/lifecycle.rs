//! The rules of an alert's life: pure, without database or clock.
//!
//! OPEN → ACKNOWLEDGED → RESOLVED, OPEN → RESOLVED, and back to OPEN from both, which is a
//! reopening. The same status again changes nothing.

use base::Timestamp;
use serde::{Deserialize, Deserializer};

use super::model::{AlertState, AlertStatus, Person, Resolution};

/// What somebody wants of an alert; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// The status.
    pub(super) status: Option<AlertStatus>,
    /// The resolution, or none.
    pub(super) resolution: Edit<Resolution>,
    /// A note; of a resolved alert it becomes the resolution's.
    pub(super) note: Option<String>,
    /// Who is to work on it, or nobody.
    pub(super) assigned_to: Edit<Person>,
}

/// What a wish says about a value that may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// It is to be absent.
    Clear,
    /// It is to be this.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    /// `null` clears; a field that is absent keeps, by `#[serde(default)]`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// A wish the rules do not allow.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// From RESOLVED the only way is back to OPEN.
    #[error("a RESOLVED alert cannot be acknowledged: reopen it first (status OPEN)")]
    AcknowledgeResolved,
    /// A resolution was given, and the alert is not resolved and is not to be.
    #[error("the alert is {0}: a resolution is given with status RESOLVED")]
    NotResolved(AlertStatus),
    /// A resolution was given together with another status.
    #[error("is given with status RESOLVED only, not with {0}")]
    ResolutionWith(AlertStatus),
    /// OTHER alone says nothing.
    #[error("is needed with resolution OTHER")]
    OtherWithoutNote,
}

/// The alert as the wish leaves it; `version` and `updated_at` are not touched.
///
/// Acknowledging assigns the actor when nobody is assigned and the wish names nobody.
///
/// # Errors
/// [`Refusal`]; the alert then stays as it is.
pub(super) fn apply(
    alert: &AlertState,
    wish: &Wish,
    actor: &Person,
    now: Timestamp,
) -> Result<AlertState, Refusal> {
    use AlertStatus::{Acknowledged, Open, Resolved};
    let mut next = alert.clone();
    next.status = wish.status.unwrap_or(alert.status);
    match &wish.assigned_to {
        Edit::Keep => {}
        Edit::Clear => next.assigned_to = None,
        Edit::Set(person) => next.assigned_to = Some(person.clone()),
    }
    match (alert.status, next.status) {
        (Open, Open) | (Acknowledged, Acknowledged) | (Resolved, Resolved) => {}
        (Open, Acknowledged) => {
            next.acknowledged_at = Some(now);
            if wish.assigned_to == Edit::Keep && alert.assigned_to.is_none() {
                next.assigned_to = Some(actor.clone());
            }
        }
        (Open | Acknowledged, Resolved) => next.resolved_at = Some(now),
        (Acknowledged | Resolved, Open) => {
            next.acknowledged_at = None;
            next.resolved_at = None;
            next.resolution = None;
            next.resolution_note = None;
            next.reopen_count = alert.reopen_count.saturating_add(1);
        }
        (Resolved, Acknowledged) => return Err(Refusal::AcknowledgeResolved),
    }
    resolve(&mut next, wish)?;
    Ok(next)
}

fn resolve(next: &mut AlertState, wish: &Wish) -> Result<(), Refusal> {
    if next.status != AlertStatus::Resolved {
        return match (wish.resolution, wish.status) {
            (Edit::Set(_), Some(status)) => Err(Refusal::ResolutionWith(status)),
            (Edit::Set(_), None) => Err(Refusal::NotResolved(next.status)),
            (Edit::Clear | Edit::Keep, _) => Ok(()),
        };
    }
    let before = next.resolution;
    match wish.resolution {
        Edit::Keep => {}
        Edit::Clear => next.resolution = None,
        Edit::Set(resolution) => next.resolution = Some(resolution),
    }
    if before.is_some() && next.resolution != before {
        // It was said of another resolution.
        next.resolution_note = None;
    }
    if let Some(note) = &wish.note {
        next.resolution_note = Some(note.clone());
    }
    if next.resolution == Some(Resolution::Other) && next.resolution_note.is_none() {
        return Err(Refusal::OtherWithoutNote);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use base::Severity;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    pub(in super::super) fn open_alert() -> AlertState {
        let at = Timestamp::from_micros(10);
        AlertState {
            id: 1,
            status: AlertStatus::Open,
            severity: Severity::High,
            title: "door open".to_owned(),
            assigned_to: None,
            resolution: None,
            resolution_note: None,
            created_at: at,
            acknowledged_at: None,
            resolved_at: None,
            updated_at: at,
            version: 1,
            ack_due_at: at,
            resolve_due_at: at,
            reopen_count: 0,
            event_count: 1,
            last_event_at: None,
        }
    }

    fn person(id: i64) -> Person {
        Person {
            id,
            username: format!("person-{id}"),
        }
    }

    fn alert_in(status: AlertStatus) -> AlertState {
        let earlier = Some(Timestamp::from_micros(20));
        let open = open_alert();
        match status {
            AlertStatus::Open => open,
            AlertStatus::Acknowledged => AlertState {
                status,
                acknowledged_at: earlier,
                assigned_to: Some(person(7)),
                ..open
            },
            AlertStatus::Resolved => AlertState {
                status,
                acknowledged_at: earlier,
                resolved_at: earlier,
                assigned_to: Some(person(7)),
                resolution: Some(Resolution::Duplicate),
                resolution_note: Some("as #3".to_owned()),
                ..open
            },
        }
    }

    fn to(status: AlertStatus) -> Wish {
        Wish {
            status: Some(status),
            ..Wish::default()
        }
    }

    #[test]
    fn a_note_stays_with_the_resolution_it_was_said_of() {
        let alert = alert_in(AlertStatus::Resolved);
        let wish = |resolution, note: Option<&str>| Wish {
            resolution,
            note: note.map(str::to_owned),
            ..Wish::default()
        };
        let noted = |wish: &Wish| apply(&alert, wish, &person(9), NOW).map(|it| it.resolution_note);
        let (duplicate, harmless) = (Resolution::Duplicate, Resolution::FalsePositive);
        let other = Edit::Set(Resolution::Other);
        let old = Ok(Some("as #3".to_owned()));
        assert_eq!(noted(&wish(Edit::Keep, None)), old);
        assert_eq!(noted(&wish(Edit::Set(duplicate), None)), old);
        assert_eq!(noted(&wish(Edit::Set(harmless), None)), Ok(None));
        assert_eq!(noted(&wish(Edit::Clear, None)), Ok(None));
        let new = Ok(Some("a drill".to_owned()));
        assert_eq!(noted(&wish(Edit::Set(harmless), Some("a drill"))), new);
        assert_eq!(noted(&wish(other, Some("a drill"))), new);
        assert_eq!(noted(&wish(other, None)), Err(Refusal::OtherWithoutNote));
    }

    #[test]
    fn every_pair_of_statuses_has_its_rule() {
        for from in AlertStatus::ALL {
            for wanted in AlertStatus::ALL {
                use AlertStatus::{Acknowledged, Open, Resolved};
                let alert = alert_in(from);
                let found = apply(&alert, &to(wanted), &person(9), NOW);
                let expected = match (from, wanted) {
                    (Open, Open) | (Acknowledged, Acknowledged) | (Resolved, Resolved) => Ok(alert),
                    (Open, Acknowledged) => Ok(AlertState {
                        status: wanted,
                        acknowledged_at: Some(NOW),
                        assigned_to: Some(person(9)),
                        ..alert
                    }),
                    (Open | Acknowledged, Resolved) => Ok(AlertState {
                        status: wanted,
                        resolved_at: Some(NOW),
                        ..alert
                    }),
                    (Acknowledged | Resolved, Open) => Ok(AlertState {
                        reopen_count: 1,
                        assigned_to: Some(person(7)),
                        ..open_alert()
                    }),
                    (Resolved, Acknowledged) => Err(Refusal::AcknowledgeResolved),
                };
                assert_eq!(found, expected, "{from} to {wanted}");
            }
        }
    }

    #[test]
    fn acknowledging_leaves_a_named_assignee_alone() {
        let taken = AlertState {
            assigned_to: Some(person(3)),
            ..open_alert()
        };
        let acknowledge = to(AlertStatus::Acknowledged);
        let found = apply(&taken, &acknowledge, &person(9), NOW).unwrap();
        assert_eq!(found.assigned_to, Some(person(3)));
        for (wanted, expected) in [(Edit::Set(person(4)), Some(person(4))), (Edit::Clear, None)] {
            let wish = Wish {
                assigned_to: wanted,
                ..acknowledge.clone()
            };
            let found = apply(&open_alert(), &wish, &person(9), NOW).unwrap();
            assert_eq!(found.assigned_to, expected);
        }
    }

    #[test]
    fn a_resolution_belongs_to_a_resolved_alert() {
        let resolution = Edit::Set(Resolution::FalsePositive);
        for from in AlertStatus::ALL {
            for wanted in [
                None,
                Some(AlertStatus::Open),
                Some(AlertStatus::Acknowledged),
            ] {
                let wish = Wish {
                    status: wanted,
                    resolution,
                    ..Wish::default()
                };
                let found = apply(&alert_in(from), &wish, &person(9), NOW);
                let expected = match (from, wanted) {
                    (AlertStatus::Resolved, None) => {
                        assert_eq!(found.unwrap().resolution, Some(Resolution::FalsePositive));
                        continue;
                    }
                    (AlertStatus::Resolved, Some(AlertStatus::Acknowledged)) => {
                        Refusal::AcknowledgeResolved
                    }
                    (_, Some(status)) => Refusal::ResolutionWith(status),
                    (_, None) => Refusal::NotResolved(from),
                };
                assert_eq!(found, Err(expected), "{from} to {wanted:?}");
            }
        }
        let wish = Wish {
            resolution,
            note: Some("tested".to_owned()),
            ..to(AlertStatus::Resolved)
        };
        let found = apply(&open_alert(), &wish, &person(9), NOW).unwrap();
        assert_eq!(found.resolution, Some(Resolution::FalsePositive));
        assert_eq!(found.resolution_note.as_deref(), Some("tested"));
    }

    #[test]
    fn other_needs_a_note_and_a_resolution_can_be_taken_back() {
        let other = Wish {
            resolution: Edit::Set(Resolution::Other),
            ..to(AlertStatus::Resolved)
        };
        assert_eq!(
            apply(&open_alert(), &other, &person(9), NOW),
            Err(Refusal::OtherWithoutNote)
        );
        let said = Wish {
            note: Some("moved away".to_owned()),
            ..other
        };
        assert!(apply(&open_alert(), &said, &person(9), NOW).is_ok());
        let none = Wish {
            resolution: Edit::Clear,
            ..Wish::default()
        };
        let found = apply(&alert_in(AlertStatus::Resolved), &none, &person(9), NOW).unwrap();
        assert_eq!(found.resolution, None);
    }

    #[test]
    fn a_note_changes_no_unresolved_alert() {
        let wish = Wish {
            note: Some("looking".to_owned()),
            ..Wish::default()
        };
        for status in [AlertStatus::Open, AlertStatus::Acknowledged] {
            let alert = alert_in(status);
            assert_eq!(apply(&alert, &wish, &person(9), NOW), Ok(alert));
        }
    }
}
