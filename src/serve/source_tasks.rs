//! What comes round for sources: their descriptions, their counts, their silence, their keys.

use std::time::Duration;

use store::StoreError;

use super::periodic::every;
use crate::app::App;
use crate::ingest::{self, Ingest};
use crate::sources;

/// How long other servers' changes of descriptions may take to count here, and how often what was
/// counted is written down.
const OFTEN: Duration = Duration::from_secs(2);
/// How often somebody looks for silent sources.
const SILENCE: Duration = Duration::from_secs(30);

/// Starts the tasks of sources; they end when the server stops.
pub(super) fn start(app: &App, ingest: &Ingest) {
    let known = ingest.sources().clone();
    every(app, "load sources", OFTEN, move |app| {
        let known = known.clone();
        async move { known.load(&app).await.map_err(told) }
    });
    let counted = ingest.sources().clone();
    every(app, "write down counts of sources", OFTEN, move |app| {
        let counted = counted.clone();
        async move { sources::flush(&app, &counted).await.map_err(told) }
    });
    let ingest = ingest.clone();
    every(app, "look for silent sources", SILENCE, move |app| {
        let ingest = ingest.clone();
        async move {
            let told = ingest::tell_silence(&app, &ingest).await;
            told.map(|_| ()).map_err(|error| error.to_string())
        }
    });
    every(
        app,
        "forget counts of sources",
        Duration::from_hours(1),
        forget_counts,
    );
    every(
        app,
        "forget senders' keys",
        Duration::from_mins(10),
        forget_keys,
    );
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn told(error: StoreError) -> String {
    error.to_string()
}

async fn forget_keys(app: App) -> Result<(), String> {
    let forgotten = ingest::forget_old_keys(&app).await;
    forgotten.map(|_| ()).map_err(told)
}

async fn forget_counts(app: App) -> Result<(), String> {
    let now = app.clock.now();
    app.store
        .write(move |tx| sources::forget_counts(tx, now))
        .await
        .map(|_| ())
        .map_err(told)
}
