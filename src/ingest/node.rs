//! The server's own number in event ids, leased in the database so that no two share one.

use std::time::Duration;

use base::{Clock, NODE_MAX};
use rand::RngExt as _;
use store::{Engine, Store, StoreError, Tx};

use crate::app::App;

/// How long a lease holds; far longer than the pause between renewals.
const LEASE: Duration = Duration::from_mins(1);
const RENEWAL: Duration = Duration::from_secs(15);

/// A leased node number. An SQLite file has one server, so its number is always 0.
#[derive(Debug)]
pub struct NodeLease {
    node: u8,
    holder: Option<String>,
}

impl NodeLease {
    /// Leases the lowest free number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when all 16 are taken, or the database is away.
    pub async fn take(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        if store.engine() == Engine::Sqlite {
            return Ok(Self {
                node: 0,
                holder: None,
            });
        }
        let holder = base::hex(&rand::rng().random::<[u8; 16]>());
        let (name, now) = (holder.clone(), clock.now());
        let node = store
            .write(move |tx| {
                for node in 0..=NODE_MAX {
                    if lease(tx, node, &name, now.micros(), now.plus(LEASE).micros())? {
                        return Ok(node);
                    }
                }
                Err(StoreError::Unavailable(
                    "all 16 node numbers are leased".into(),
                ))
            })
            .await?;
        Ok(Self {
            node,
            holder: Some(holder),
        })
    }

    /// The number.
    #[must_use]
    pub const fn node(&self) -> u8 {
        self.node
    }

    /// Renews the lease until the server stops; stops the server when the lease is lost, since
    /// another may give out the same ids then.
    pub fn keep(self, app: &App) {
        let Some(holder) = self.holder else { return };
        let (app, node) = (app.clone(), self.node);
        let tasks = app.tasks.clone();
        tasks.spawn(async move {
            loop {
                let stopping = tokio::time::timeout(RENEWAL, app.stop.cancelled())
                    .await
                    .is_ok();
                let now = app.clock.now();
                let until = if stopping { now } else { now.plus(LEASE) };
                let name = holder.clone();
                let held = app
                    .store
                    .write(move |tx| lease(tx, node, &name, now.micros(), until.micros()))
                    .await;
                match held {
                    _ if stopping => return,
                    Ok(true) => {}
                    // With the database away nobody can store events under this number.
                    Err(error) => tracing::warn!(%error, "the node lease was not renewed"),
                    Ok(false) => {
                        tracing::error!(node, "another server has this node number; stopping");
                        app.stop.cancel();
                    }
                }
            }
        });
    }
}

/// Takes or renews one number; `false` when somebody else holds it.
fn lease(
    tx: &mut Tx<'_>,
    node: u8,
    holder: &str,
    now: i64,
    until: i64,
) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "insert into nodes (node, holder, lease_until) values ($1, $2, $3) \
         on conflict (node) do update set holder = excluded.holder, \
         lease_until = excluded.lease_until \
         where nodes.holder = excluded.holder or nodes.lease_until < $4",
        &[node.into(), holder.into(), until.into(), now.into()],
    )?;
    Ok(rows == 1)
}
