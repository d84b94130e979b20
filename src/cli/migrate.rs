//! `watchpost migrate`.

use base::Clock;

use super::failure::Exit;
use super::{session, terminal};
use crate::config::Settings;
use crate::migrations::MIGRATIONS;

/// Brings the schema up to date and says what was done.
pub(super) async fn run(settings: Settings) -> anyhow::Result<Exit> {
    let store = session::connect(&settings).await?;
    let result = store.migrate(MIGRATIONS, Clock::system().now()).await;
    let name = store.name().to_owned();
    session::close_store(store).await;
    let state = result?;
    let applied = state.now.saturating_sub(state.before);
    terminal::say(&match applied {
        0 => format!("{name}: the schema is up to date (version {})", state.now),
        _ => format!(
            "{name}: the schema is now version {} (was {})",
            state.now, state.before
        ),
    })?;
    Ok(Exit::Done)
}
