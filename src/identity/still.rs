//! Whether somebody who was let in once would still be let in: for what stays open longer than a
//! request.

use store::StoreError;

use super::sessions;
use crate::app::App;
use crate::http::{Actor, Capability};

/// For each actor whether it is a person whose session is live, whose account is enabled and whose
/// role has the capability now; in the same order.
///
/// Reads what the guard in front of routes reads, one row by primary key for each; to be called
/// with at most some hundreds. The access token a request came with may have expired since: the
/// session counts.
///
/// # Errors
/// The database's fault; nothing is known then.
pub async fn still(
    app: &App,
    actors: Vec<Actor>,
    needed: Capability,
) -> Result<Vec<bool>, StoreError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            let live =
                |actor: &Actor| {
                    let Actor::User { id, session, .. } = actor else {
                        return Ok(false);
                    };
                    let found = sessions::sql::session(tx, session)?;
                    Ok(found
                        .is_some_and(|it| it.user == *id && it.is_live(now) && it.role.can(needed)))
                };
            actors.iter().map(live).collect()
        })
        .await
}
