//! The same by polling.

use serde::Serialize;

use super::message::{ChangedAlert, RaisedAlert};
use super::resume::Resume;
use super::sql::{self, Position};
use crate::alerts::{AlertError, AlertStats, stats_in};
use crate::app::App;

/// How many alerts there are, and what is new about them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Stats {
    /// The numbers.
    #[serde(flatten)]
    pub alerts: AlertStats,
    /// To be given as `since` the next time.
    #[schema(value_type = String, example = "4812.977")]
    pub resume: Resume,
    /// With `since`: what is new after it.
    #[serde(flatten)]
    pub since: Option<Changes>,
}

/// What is new after a resume id.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Changes {
    /// Alerts raised, by number. One or the other may have been told before.
    pub created: Vec<RaisedAlert>,
    /// Alerts changed or commented on, each once, as they are now.
    pub updated: Vec<ChangedAlert>,
    /// Whether there was more than is told here, or the id is of another database: load anew.
    pub missed: bool,
}

/// Reads the numbers and what is new after a resume id.
///
/// # Errors
/// The database's fault.
pub async fn stats(app: &App, since: Option<Resume>) -> Result<Stats, AlertError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            let alerts = stats_in(tx)?;
            let end = Position::end(tx, now)?;
            let since = match since {
                None => None,
                Some(since) if end.is_behind(since) => Some(Changes {
                    created: Vec::new(),
                    updated: Vec::new(),
                    missed: true,
                }),
                Some(since) => {
                    let mut position = Position::after(since);
                    let news = sql::news(tx, &mut position, end.highest(), now)?;
                    Some(Changes {
                        created: news.created,
                        updated: news.updated,
                        missed: news.missed > 0,
                    })
                }
            };
            Ok(Stats {
                alerts,
                resume: end.resume(),
                since,
            })
        })
        .await
}
