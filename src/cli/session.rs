//! The database for one command.

use anyhow::{Context as _, bail};
use base::Clock;
use store::{Location, Options, Store};

use crate::app::App;
use crate::config::Settings;
use crate::serve;

/// Refuses a file that is not there: a command that only looks must not make an empty database
/// in the wrong folder and report that all is well.
fn must_exist(settings: &Settings) -> anyhow::Result<()> {
    match &settings.database_url {
        Location::Sqlite(path) if !path.exists() => bail!(
            "there is no database at {}: set DATABASE_URL, or make one with `watchpost migrate`",
            path.display()
        ),
        _ => Ok(()),
    }
}

/// Opens an existing database with everything the server has, its schema brought up to date.
pub(super) async fn open_existing(settings: Settings) -> anyhow::Result<App> {
    must_exist(&settings)?;
    open(settings, Clock::system()).await
}

/// The same, and makes the database if there is none.
pub(super) async fn open(settings: Settings, clock: Clock) -> anyhow::Result<App> {
    Ok(serve::open(settings, clock).await?)
}

/// Opens an existing database alone: no key, no migration.
pub(super) async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    must_exist(settings)?;
    connect(settings).await
}

/// Opens the database alone, and makes the file if there is none.
pub(super) async fn connect(settings: &Settings) -> anyhow::Result<Store> {
    let location = settings.database_url.clone();
    let open = move || {
        Store::open(
            &location,
            Options {
                connections: 1,
                ..Options::default()
            },
        )
    };
    Ok(tokio::task::spawn_blocking(open)
        .await
        .context("opening the database")??)
}

/// Ends background tasks, gives the node number back and closes the database.
///
/// Everyone who could still store events must be gone: they are waited for.
pub(super) async fn close(app: App) {
    app.stop.cancel();
    app.tasks.close();
    app.tasks.wait().await;
    close_store(app.store.clone()).await;
}

/// Closes the database.
pub(super) async fn close_store(store: Store) {
    // What is committed is safe; closing only tidies the files.
    drop(tokio::task::spawn_blocking(move || store.close()).await);
}

/// Runs a command's work on an existing database and closes it, whatever came of it.
pub(super) async fn with_existing<T>(
    settings: Settings,
    work: impl AsyncFnOnce(&App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let app = open_existing(settings).await?;
    let result = work(&app).await;
    close(app).await;
    result
}
