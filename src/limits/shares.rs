//! Room that many share: a queue, memory. Nobody takes what the others need.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Room of a fixed size, counted by whom it is held by.
///
/// Who holds some already gets more only while that leaves at least as much free as they then hold
/// themselves (Choudhury and Hahne's dynamic threshold): one alone may fill half, two a third
/// each, and there is always room for somebody new. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shares<K: Hash + Eq + Clone>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    capacity: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    used: usize,
    held: HashMap<K, usize>,
}

/// A part of the room; given back when it is dropped.
#[derive(Debug)]
pub struct Share<K: Hash + Eq + Clone> {
    room: Shares<K>,
    holder: K,
    size: usize,
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// Room of a size.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Inner {
            capacity,
            state: Mutex::new(State {
                used: 0,
                held: HashMap::new(),
            }),
        }))
    }

    /// Takes a part for somebody; `None` when there is no room for them now. What is larger than
    /// the whole room counts as all of it.
    #[must_use]
    pub fn take(&self, holder: &K, size: usize) -> Option<Share<K>> {
        let size = size.min(self.0.capacity);
        self.add(holder, size).then(|| Share {
            room: self.clone(),
            holder: holder.clone(),
            size,
        })
    }

    /// How much is taken now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.lock().used
    }

    fn add(&self, holder: &K, size: usize) -> bool {
        let mut state = self.lock();
        let held = state.held.get(holder).copied().unwrap_or(0);
        let Some(free) = self
            .0
            .capacity
            .checked_sub(state.used)
            .and_then(|free| free.checked_sub(size))
        else {
            return false;
        };
        if held > 0 && held.saturating_add(size) > free {
            return false;
        }
        state.used = state.used.saturating_add(size);
        match state.held.get_mut(holder) {
            Some(held) => *held = held.saturating_add(size),
            None => drop(state.held.insert(holder.clone(), size)),
        }
        true
    }

    fn give_back(&self, holder: &K, size: usize) {
        let mut state = self.lock();
        state.used = state.used.saturating_sub(size);
        if let Some(held) = state.held.get_mut(holder) {
            *held = held.saturating_sub(size);
            if *held == 0 {
                state.held.remove(holder);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<K>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Share<K> {
    /// How much it is.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Takes more; `false` when there is no room for it.
    #[must_use]
    pub fn grow(&mut self, more: usize) -> bool {
        let added = self.room.add(&self.holder, more);
        if added {
            self.size = self.size.saturating_add(more);
        }
        added
    }
}

impl<K: Hash + Eq + Clone> Drop for Share<K> {
    fn drop(&mut self) {
        self.room.give_back(&self.holder, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_gets_half_and_a_newcomer_still_gets_in() {
        let room = Shares::new(100);
        let mut held = Vec::new();
        while let Some(share) = room.take(&"a", 10) {
            held.push(share);
        }
        assert_eq!(room.used(), 50);
        let b = room.take(&"b", 10);
        assert!(b.is_some());
        assert!(room.take(&"a", 10).is_none());
        held.pop();
        assert_eq!(room.used(), 50);
        drop((held, b));
        assert_eq!(room.used(), 0);
    }

    #[test]
    fn what_is_larger_than_the_room_gets_in_alone() {
        let room = Shares::new(100);
        let small = room.take(&1, 1).unwrap();
        assert!(room.take(&2, 1_000).is_none());
        drop(small);
        let mut whole = room.take(&2, 1_000).unwrap();
        assert!(!whole.grow(1));
        drop(whole);
        assert_eq!(room.used(), 0);
    }

    #[test]
    fn what_grows_is_given_back_whole() {
        let room = Shares::new(100);
        let mut share = room.take(&1, 10).unwrap();
        assert!(share.grow(20));
        assert!(!share.grow(80));
        assert_eq!(room.used(), 30);
        drop(share);
        assert_eq!(room.used(), 0);
    }
}
