//! Everyday noise: draws when it happens and who it concerns. What happens stands in `routines`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::Timestamp;

use super::places::{STAFF, STRANGERS};
use super::random::Random;
use super::routines::{BUSIEST, ROUTINES, Routine, Whose};
use super::stage::Stage;
use super::told::Told;
use super::{DemoEvent, PERIOD};

/// The people of the house.
pub(super) const ACCOUNTS: &[&str] = &[
    "a.lindqvist",
    "c.meyer",
    "d.fontaine",
    "j.tanaka",
    "m.okafor",
    "p.novak",
    "r.haddad",
    "s.costa",
    "t.byrne",
    "v.iliescu",
];

/// Makes `amount` events within the period, in no order.
pub(super) fn events(now: Timestamp, amount: usize, random: &mut Random) -> Vec<DemoEvent> {
    (0..amount).map(|_| event(now, random)).collect()
}

fn event(now: Timestamp, random: &mut Random) -> DemoEvent {
    let (at, routine) = moment(now, random);
    let account = random.pick(ACCOUNTS).copied().unwrap_or_default();
    let number = random.below(98).saturating_add(2).to_string();
    Told {
        source: routine.source,
        severity: routine.severity,
        address: address(routine.whose, random),
        stage: Stage::Background,
        techniques: &[],
        text: routine
            .text
            .replace("{user}", account)
            .replace("{n}", &number),
    }
    .event(at)
}

/// Draws a time and what happens then: likely when much happens, unlikely in quiet hours.
fn moment(now: Timestamp, random: &mut Random) -> (Timestamp, &'static Routine) {
    let period = u64::try_from(PERIOD.as_millis()).unwrap_or(u64::MAX);
    loop {
        let at = now.minus(Duration::from_millis(random.below(period)));
        let hour = u64::try_from(at.hour().rem_euclid(24)).unwrap_or(0);
        // Every routine has the chance it would have in the busiest hour of all, and what is
        // left over is a time at which nothing happens. So the draw is fair to both.
        let mut drawn = random.below(BUSIEST);
        for routine in ROUTINES {
            let weight = routine.weight(hour);
            match drawn.checked_sub(weight) {
                Some(rest) => drawn = rest,
                None => return (at, routine),
            }
        }
    }
}

fn address(whose: Whose, random: &mut Random) -> Option<IpAddr> {
    match whose {
        Whose::Nobody => None,
        Whose::Inside => {
            let host = u8::try_from(random.below(200))
                .unwrap_or(0)
                .saturating_add(20);
            Some(Ipv4Addr::new(192, 168, 30, host).into())
        }
        Whose::Staff => random.pick(STAFF).map(|place| place.address),
        Whose::Stranger => random.pick(STRANGERS).map(|place| place.address),
    }
}
