//! Who works on a connection, and who may call Finch when: agreed between all that share a store.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// For how long a connection is leased. The holder renews it. After a crash, others wait at most this long.
pub const LEASE: Duration = Duration::from_secs(8);

/// How far the clocks of hosts may be apart.
const SKEW: Duration = Duration::from_secs(60);

/// Names one host's reconciler and calls among all that share a store. Random, and new with every start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId(String);

impl InstanceId {
    /// From random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for InstanceId {
    fn from(kept: String) -> Self {
        Self(kept)
    }
}

/// One instance works on a connection, and no other does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which.
    pub owner: InstanceId,
    /// Until this time, unless it renews or releases it.
    pub until: Timestamp,
}

/// What asking for a lease led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    /// No other instance has it.
    Taken,
    /// Another instance has it until then.
    Held(Timestamp),
    /// There is no such connection any more: it has proven to be another one (R4). Load it again.
    Absorbed,
}

impl Lease {
    /// What `owner` gets at `now` where `held` is the lease so far. One that runs a minute longer than any
    /// lease was written by a clock that ran ahead, and has run out.
    pub fn ask(held: Option<&Self>, owner: &InstanceId, now: Timestamp) -> Leased {
        let longest = until(now).saturating_add(SKEW).unwrap_or(Timestamp::MAX);
        match held {
            Some(held) if held.owner != *owner && now < held.until && held.until <= longest => {
                Leased::Held(held.until)
            }
            _ => Leased::Taken,
        }
    }

    /// The lease of `owner` from `now`.
    pub fn of(owner: InstanceId, now: Timestamp) -> Self {
        Self { owner, until: until(now) }
    }
}

fn until(now: Timestamp) -> Timestamp {
    now.checked_add(LEASE).unwrap_or(Timestamp::MAX)
}

/// The next turn to call Finch, where turns are `every` apart and the last one was given for `last`. One
/// that lies far ahead was given by a clock that ran ahead, and is ignored.
pub fn next_turn(last: Option<Timestamp>, every: Duration, now: Timestamp) -> Timestamp {
    let longest_queue = Duration::from_secs(600).max(every.saturating_mul(2));
    let next = last.and_then(|last| last.checked_add(every).ok());
    let in_reach = |next: &Timestamp| now.checked_add(longest_queue).is_ok_and(|far| *next <= far);
    next.filter(in_reach).map_or(now, |next| next.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_a_year_is_held_up_by_no_lease_and_no_turn() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let instance = |number| InstanceId::new([number; 16]);
        let year = 365 * 24 * 3600;
        let lease = Lease::of(instance(1), at(100 + year));
        assert_eq!(Lease::ask(Some(&lease), &instance(2), at(100)), Leased::Taken);
        let every = Duration::from_secs(2);
        assert_eq!(next_turn(Some(at(100 + year)), every, at(100)), at(100));
        // A known limit: the word of a clock that was read ten minutes ago is like that of a clock that is wrong.
        assert_eq!(next_turn(Some(at(1000)), every, at(1000 - 598)), at(1002));
        assert_eq!(next_turn(Some(at(1000)), every, at(1000 - 599)), at(1000 - 599));
    }
}
