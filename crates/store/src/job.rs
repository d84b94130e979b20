//! A closure on its way to a database thread, and its answer on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// One unit of work, run inside a transaction and answered after its commit.
pub(crate) trait Job: Send {
    /// Runs the closure; `true` means its changes are to be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers the caller: with the closure's result, or with why the commit failed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

struct Call<F, T, E> {
    body: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// Wraps a closure; the receiver gets its result once the transaction has ended.
pub(crate) fn job<F, T, E>(body: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>)
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (reply, receiver) = oneshot::channel();
    (
        Box::new(Call {
            body: Some(body),
            result: None,
            reply,
        }),
        receiver,
    )
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(body) = self.body.take() else {
            return false;
        };
        // A defect in one closure must not take the database thread with it.
        self.result = catch_unwind(AssertUnwindSafe(|| body(tx))).ok();
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let result = match (self.result, commit) {
            // The closure refused by itself; its changes were never to be kept.
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(E::from(error)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(E::from(StoreError::shape("a database closure panicked"))),
        };
        // The caller may have gone away (its client hung up): the work is done all the same.
        drop(self.reply.send(result));
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}
