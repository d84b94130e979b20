//! Which requests share a commit: what has gathered while the last one ran, and a little more
//! where more is coming.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, Notify, mpsc};

/// Events stored by one commit at the most, but for one larger batch.
const EVENTS_MAX: usize = 8_192;
/// Requests of one commit at the most.
const REQUESTS_MAX: usize = 1_024;
/// A commit begins beside one that is under way with so many events, or so many requests; fewer
/// wait for its end: several small ones side by side cost far more than one, as each adds to the
/// counts of every source it holds.
const BESIDE_EVENTS_MIN: usize = 6_000;
const BESIDE_REQUESTS_MIN: usize = 48;
/// How often other tasks are let run in vain before a commit begins.
const PAUSES: usize = 3;

/// What waits for a commit.
pub(super) trait Waiting {
    /// How many events it brings.
    fn events(&self) -> usize;
}

/// The queue's end where commits take from.
#[derive(Debug)]
pub(super) struct Gathering<T> {
    queue: Mutex<Queue<T>>,
    under_way: AtomicUsize,
    done: Notify,
}

#[derive(Debug)]
struct Queue<T> {
    receiver: mpsc::Receiver<T>,
    /// Taken, but too much for the commit it was taken for.
    held: Option<T>,
    /// Requests of the last commit.
    last: usize,
}

/// Held while a commit is under way.
#[derive(Debug)]
pub(super) struct UnderWay<'a, T>(&'a Gathering<T>);

impl<T> Drop for UnderWay<'_, T> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
        self.0.done.notify_one();
    }
}

impl<T: Waiting> Gathering<T> {
    pub(super) fn new(receiver: mpsc::Receiver<T>) -> Self {
        Self {
            queue: Mutex::new(Queue {
                receiver,
                held: None,
                last: 0,
            }),
            under_way: AtomicUsize::new(0),
            done: Notify::new(),
        }
    }

    /// Waits for a request and takes what else is there, up to a commit's worth; `None` once
    /// nobody can send any more.
    pub(super) async fn next(&self) -> Option<(Vec<T>, UnderWay<'_, T>)> {
        let mut queue = self.queue.lock().await;
        let first = match queue.held.take() {
            Some(held) => held,
            None => queue.receiver.recv().await?,
        };
        let mut group = Group {
            events: first.events(),
            requests: vec![first],
        };
        let mut pauses = 0;
        loop {
            let came = queue.take_waiting(&mut group);
            if queue.held.is_some() || group.requests.len() >= REQUESTS_MAX {
                break;
            }
            if self.under_way.load(Ordering::Acquire) > 0 && group.is_small() {
                tokio::select! {
                    more = queue.receiver.recv() => match more {
                        Some(more) => queue.add(&mut group, more),
                        None => break,
                    },
                    () = self.done.notified() => {}
                }
                continue;
            }
            // One request at a time is answered at once. Where many come, those whose tasks are
            // ready to run join this commit.
            pauses = if came { 0 } else { pauses + 1 };
            if queue.last <= 1 || pauses > PAUSES {
                break;
            }
            tokio::task::yield_now().await;
        }
        queue.last = group.requests.len();
        self.under_way.fetch_add(1, Ordering::AcqRel);
        Some((group.requests, UnderWay(self)))
    }
}

struct Group<T> {
    events: usize,
    requests: Vec<T>,
}

impl<T> Group<T> {
    const fn is_small(&self) -> bool {
        self.events < BESIDE_EVENTS_MIN && self.requests.len() < BESIDE_REQUESTS_MIN
    }
}

impl<T: Waiting> Queue<T> {
    /// Takes what is there; whether there was anything.
    fn take_waiting(&mut self, group: &mut Group<T>) -> bool {
        let before = group.requests.len();
        while self.held.is_none() && group.requests.len() < REQUESTS_MAX {
            let Ok(next) = self.receiver.try_recv() else {
                break;
            };
            self.add(group, next);
        }
        group.requests.len() > before
    }

    fn add(&mut self, group: &mut Group<T>, next: T) {
        let events = group.events.saturating_add(next.events());
        if events > EVENTS_MAX {
            self.held = Some(next);
        } else {
            group.events = events;
            group.requests.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Waiting for usize {
        fn events(&self) -> usize {
            *self
        }
    }

    fn gathering(sent: &[usize]) -> (mpsc::Sender<usize>, Gathering<usize>) {
        let (sender, receiver) = mpsc::channel(100);
        for events in sent {
            sender.try_send(*events).unwrap();
        }
        (sender, Gathering::new(receiver))
    }

    #[tokio::test]
    async fn what_waits_shares_a_commit_up_to_its_limit() {
        let (sender, gathering) = gathering(&[8_000, 100, 100, 1]);
        let (group, under_way) = gathering.next().await.unwrap();
        assert_eq!(group, [8_000, 100]);
        drop(under_way);
        let (group, under_way) = gathering.next().await.unwrap();
        assert_eq!(group, [100, 1], "what was too much comes first");
        drop((under_way, sender));
        assert!(gathering.next().await.is_none());
    }

    #[tokio::test]
    async fn a_batch_larger_than_a_commit_is_one() {
        let (_sender, gathering) = gathering(&[10_000, 1]);
        assert_eq!(gathering.next().await.unwrap().0, [10_000]);
    }

    #[tokio::test]
    async fn few_events_wait_for_the_commit_under_way_and_many_do_not() {
        let (sender, gathering) = gathering(&[1]);
        let (_, under_way) = gathering.next().await.unwrap();
        sender.try_send(2).unwrap();
        let mut next = Box::pin(gathering.next());
        assert!(futures_util::poll!(&mut next).is_pending());
        sender.try_send(3).unwrap();
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(under_way);
        let (group, under_way) = next.await.unwrap();
        assert_eq!(group, [2, 3]);
        sender.try_send(7_000).unwrap();
        assert_eq!(gathering.next().await.unwrap().0, [7_000]);
        drop(under_way);
    }

    #[tokio::test]
    async fn those_that_wait_when_the_last_sender_goes_are_taken() {
        let (sender, gathering) = gathering(&[1]);
        let (_, _under_way) = gathering.next().await.unwrap();
        sender.try_send(2).unwrap();
        drop(sender);
        assert_eq!(gathering.next().await.unwrap().0, [2]);
        assert!(gathering.next().await.is_none());
    }
}
