//! Connection counts and the decision whether one more may be admitted.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::ListenerLimits;
use crate::limits::network_of;

/// Names the cap for which a connection was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// [`ListenerLimits::connections_max`].
    Total,
    /// [`ListenerLimits::connections_per_address_max`].
    Address,
}

/// Names what a connection was doing when its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Sending a request head, or nothing at all since the accept.
    Header,
    /// Silent between two requests.
    Idle,
    /// Sending a request body.
    Body,
    /// Not reading a response.
    Write,
}

/// Counts connections; shared between the listener and whoever shows the figures.
///
/// Totals count from the start of the process and only grow.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    open: AtomicU64,
    accepted: AtomicU64,
    refused_total_cap: AtomicU64,
    refused_address_cap: AtomicU64,
    timed_out_header: AtomicU64,
    timed_out_idle: AtomicU64,
    timed_out_body: AtomicU64,
    timed_out_write: AtomicU64,
}

impl ConnectionCounts {
    /// Returns the number of admitted connections open now.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.load(Relaxed)
    }

    /// Returns how many connections were admitted; refused ones are not among them.
    #[must_use]
    pub fn accepted_total(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Returns how many connections were refused for the given cap.
    #[must_use]
    pub fn refused_total(&self, cap: Cap) -> u64 {
        self.refused(cap).load(Relaxed)
    }

    /// Returns how many deadlines passed in the given stage.
    ///
    /// For [`Stage::Body`] this counts request bodies given up, for the others connections closed.
    #[must_use]
    pub fn timed_out_total(&self, stage: Stage) -> u64 {
        self.timed_out(stage).load(Relaxed)
    }

    pub(super) fn count_timeout(&self, stage: Stage) {
        self.timed_out(stage).fetch_add(1, Relaxed);
    }

    pub(super) fn count_refusal(&self, cap: Cap) {
        self.refused(cap).fetch_add(1, Relaxed);
    }

    pub(super) fn count_accept(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(super) fn set_open(&self, open: usize) {
        self.open.store(open as u64, Relaxed);
    }

    fn refused(&self, cap: Cap) -> &AtomicU64 {
        match cap {
            Cap::Total => &self.refused_total_cap,
            Cap::Address => &self.refused_address_cap,
        }
    }

    fn timed_out(&self, stage: Stage) -> &AtomicU64 {
        match stage {
            Stage::Header => &self.timed_out_header,
            Stage::Idle => &self.timed_out_idle,
            Stage::Body => &self.timed_out_body,
            Stage::Write => &self.timed_out_write,
        }
    }
}

/// The addresses counted as one client: an IPv4 address or an IPv6 /64 (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AddressBlock(u64);

impl AddressBlock {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(network_of(address))
    }
}

/// Keeps the number of open connections, in total and per address block.
///
/// Owned by the accept loop alone, so the counts need no lock. Holds at most `connections_max`
/// blocks: an empty block is forgotten.
#[derive(Debug)]
pub(crate) struct Admission {
    total_max: usize,
    per_block_max: usize,
    total: usize,
    per_block: HashMap<AddressBlock, usize>,
}

impl Admission {
    pub(crate) fn new(limits: &ListenerLimits) -> Self {
        Self {
            total_max: limits.connections_max,
            per_block_max: limits.connections_per_address_max,
            total: 0,
            per_block: HashMap::new(),
        }
    }

    /// Takes a place for one connection.
    ///
    /// # Errors
    /// The cap that is reached; then nothing is taken.
    pub(crate) fn admit(&mut self, address: IpAddr) -> Result<AddressBlock, Cap> {
        let block = AddressBlock::of(address);
        // The address cap first: a client over its own cap should not look like a full server.
        let in_block = self.per_block.get(&block).copied().unwrap_or(0);
        if in_block >= self.per_block_max {
            return Err(Cap::Address);
        }
        if self.total >= self.total_max {
            return Err(Cap::Total);
        }
        self.per_block.insert(block, in_block.saturating_add(1));
        self.total = self.total.saturating_add(1);
        Ok(block)
    }

    /// Gives back a place taken by [`Self::admit`].
    pub(crate) fn release(&mut self, block: AddressBlock) {
        self.total = self.total.saturating_sub(1);
        if let Some(in_block) = self.per_block.get_mut(&block) {
            *in_block = in_block.saturating_sub(1);
            if *in_block == 0 {
                self.per_block.remove(&block);
            }
        }
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, Cap, ListenerLimits};

    fn admission(total: usize, per_address: usize) -> Admission {
        Admission::new(&ListenerLimits {
            connections_max: total,
            connections_per_address_max: per_address,
            ..ListenerLimits::default()
        })
    }

    #[test]
    fn addresses_of_one_ipv6_subscriber_share_a_cap() {
        let mut admission = admission(10, 1);
        let first = "2001:db8:1:2::1".parse().unwrap();
        let same_network = "2001:db8:1:2:ffff::9".parse().unwrap();
        let other_network = "2001:db8:1:3::1".parse().unwrap();

        admission.admit(first).unwrap();

        assert_eq!(admission.admit(same_network).unwrap_err(), Cap::Address);
        assert!(admission.admit(other_network).is_ok());
    }

    #[test]
    fn an_ipv4_client_of_a_dual_stack_socket_is_counted_as_ipv4() {
        let mut admission = admission(10, 1);
        admission
            .admit("::ffff:192.0.2.1".parse().unwrap())
            .unwrap();

        assert_eq!(
            admission.admit("192.0.2.1".parse().unwrap()).unwrap_err(),
            Cap::Address
        );
        assert!(admission.admit("::ffff:192.0.2.2".parse().unwrap()).is_ok());
    }

    #[test]
    fn a_released_place_can_be_taken_again_and_empty_blocks_are_forgotten() {
        let mut admission = admission(1, 1);
        let address = "192.0.2.1".parse().unwrap();
        let block = admission.admit(address).unwrap();
        assert_eq!(
            admission.admit("192.0.2.2".parse().unwrap()).unwrap_err(),
            Cap::Total
        );

        admission.release(block);

        assert_eq!(admission.total(), 0);
        assert!(admission.per_block.is_empty());
        assert!(admission.admit(address).is_ok());
    }
}
