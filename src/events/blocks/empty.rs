//! Dropping the blocks of which no event is left.

use base::EventId;
use store::StoreError;

use crate::app::App;
use crate::events::sql;

/// Blocks dropped in one transaction: each has as many rows as its filter has slices.
const AT_ONCE: i64 = 16;

/// Drops the filters of the blocks that lie before an id and hold no event any more, in short
/// transactions of their own: while they are there they hide nothing, and cost a look.
///
/// # Errors
/// The database's fault.
pub(crate) async fn drop_empty(app: &App, before: EventId) -> Result<(), StoreError> {
    let mut after = -1;
    while !app.stop.is_cancelled() {
        let before = before.number();
        let empty = app
            .store
            .read(move |tx| sql::empty_blocks(tx, after, before, AT_ONCE))
            .await?;
        let Some(last) = empty.last() else { break };
        after = *last;
        app.store
            .write(move |tx| sql::remove_blocks(tx, &empty))
            .await?;
    }
    Ok(())
}
