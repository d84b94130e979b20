//! How often somebody may do something: token buckets in memory, bounded, keyed by what cannot
//! be forged (the socket's address, a verified user or key).

mod shares;

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

pub use shares::{Share, Shares};

use crate::config::{Rate, Settings};

/// Buckets remembered per limiter before old ones are dropped.
const KEYS_MAX: usize = 100_000;

/// Requests of one person's browser: 50 a second for long, 200 at once. A page with its live
/// rows needs a few; the figure only stops a script that runs wild.
const BROWSER: (u32, Duration) = (200, Duration::from_secs(4));
/// Requests of pages by one network without a session: 10 a second for long, 100 at once.
const VISITOR: (u32, Duration) = (100, Duration::from_secs(10));

/// An address as limits count it: IPv6 by its /64, which one customer owns.
#[must_use]
pub fn network_of(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(u32::from(v4)),
        // The high bit keeps the two families apart.
        IpAddr::V6(v6) => u64::try_from(u128::from(v6) >> 64).unwrap_or(0) | (1 << 63),
    }
}

/// What a bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Name of the policy: `user`, `anonymous`, `sign-in`, `ingest`, `browser` or
    /// `visitor`.
    pub policy: &'static str,
    /// What the bucket holds when full.
    pub limit: u32,
    /// The span in which it fills up, in seconds.
    pub window: u64,
    /// What is left.
    pub remaining: u32,
    /// Seconds to wait, rounded up, when refused.
    pub refused_for: Option<u64>,
}

/// One limit over many keys.
#[derive(Debug)]
pub struct Limit<K: Hash + Eq + Clone> {
    policy: &'static str,
    inner: Option<Inner<K>>,
}

#[derive(Debug)]
struct Inner<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
    count: NonZeroU32,
    window: Duration,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(policy: &'static str, rate: Rate) -> Self {
        let inner = rate.0.and_then(|(count, window)| {
            let quota = Quota::with_period(window.checked_div(count.get())?)?.allow_burst(count);
            let limiter = RateLimiter::dashmap(quota).with_middleware();
            Some(Inner {
                limiter,
                count,
                window,
            })
        });
        Self { policy, inner }
    }

    /// Takes `n` out of the bucket; `None` when there is no limit.
    ///
    /// More than the bucket can ever hold empties it instead, so that a large batch still
    /// passes when it is full.
    pub fn take(&self, key: &K, n: u32) -> Option<Verdict> {
        let inner = self.inner.as_ref()?;
        let n = NonZeroU32::new(n)?.min(inner.count);
        let verdict = |remaining, refused_for| Verdict {
            policy: self.policy,
            limit: inner.count.get(),
            window: inner.window.as_secs(),
            remaining,
            refused_for,
        };
        Some(match inner.limiter.check_key_n(key, n) {
            Ok(Ok(state)) => verdict(state.remaining_burst_capacity(), None),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                verdict(0, Some(round_up(wait)))
            }
            Err(_) => verdict(0, Some(inner.window.as_secs())),
        })
    }

    fn shrink(&self) {
        if let Some(inner) = &self.inner
            && inner.limiter.len() > KEYS_MAX / 10
        {
            inner.limiter.retain_recent();
            inner.limiter.shrink_to_fit();
        }
    }
}

/// Rounded up: a client that comes back too early is refused again.
fn round_up(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
        .max(1)
}

fn constant((count, window): (u32, Duration)) -> Rate {
    Rate(NonZeroU32::new(count).map(|count| (count, window)))
}

/// Bytes of bodies that are held at once, while they are read and stored: 256 MiB.
const BODIES_MAX: usize = 256 << 20;

/// Every limit of the server.
#[derive(Debug)]
pub struct Limits {
    /// Requests by user id.
    pub user: Limit<i64>,
    /// Requests without credentials, by network.
    pub anonymous: Limit<u64>,
    /// Sign-ins and sign-ups, by network.
    pub sign_in: Limit<u64>,
    /// Events by ingest key id.
    pub ingest: Limit<i64>,
    /// Bytes of bodies held at once, by the sender's network.
    pub bodies: Shares<u64>,
    /// Requests with a browser's cookie, by user id: 50 a second, 200 at once.
    pub browser: Limit<i64>,
    /// Pages without a session that counts, by network: 10 a second, 100 at once.
    pub visitor: Limit<u64>,
}

impl Limits {
    /// As configured.
    #[must_use]
    pub fn new(config: &Settings) -> Self {
        Self {
            user: Limit::new("user", config.rate_limit_user),
            anonymous: Limit::new("anonymous", config.rate_limit_anon),
            sign_in: Limit::new("sign-in", config.rate_limit_sign_in),
            ingest: Limit::new("ingest", config.rate_limit_ingest),
            bodies: Shares::new(BODIES_MAX),
            browser: Limit::new("browser", constant(BROWSER)),
            visitor: Limit::new("visitor", constant(VISITOR)),
        }
    }

    /// Forgets buckets that are full again; to be called now and then.
    pub fn shrink(&self) {
        self.user.shrink();
        self.anonymous.shrink();
        self.sign_in.shrink();
        self.ingest.shrink();
        self.browser.shrink();
        self.visitor.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_says_when_to_come_back() {
        let limit: Limit<i64> = Limit::new("user", "3/hour".parse().unwrap());
        let left: Vec<u32> = (0..3)
            .map(|_| limit.take(&1, 1).unwrap().remaining)
            .collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limit.take(&1, 1).unwrap().refused_for.unwrap();
        assert!((1_190..=1_200).contains(&refused), "{refused}");
        assert_eq!(
            limit.take(&2, 1).unwrap().refused_for,
            None,
            "others are not affected"
        );
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limit: Limit<i64> = Limit::new("user", "off".parse().unwrap());
        assert_eq!(limit.take(&1, 1), None);
    }

    #[test]
    fn a_customers_ipv6_addresses_share_a_bucket() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
