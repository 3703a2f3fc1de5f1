//! How many seals a data key may still make.
//!
//! With random 96-bit nonces a key is safe for a limited number of seals, over all processes and
//! restarts. A count kept per seal would cost a write per seal; so a process reserves seals ahead,
//! durably, and makes none beyond what it has reserved. What it does not use is lost: the count is
//! an upper bound, never too low.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::SealError;

/// 2³¹ seals per data key, the key check among them. Two equal nonces then have a chance below 2⁻³⁵.
pub(crate) const LIMIT: u32 = (1 << 31) - 1;

/// A process that seals one token must not burn thousands, one that seals millions must not reserve
/// all the time: each reservation is as large as all before it, within these bounds.
const SMALLEST: u32 = 1 << 6;
const LARGEST: u32 = 1 << 16;

/// Seals that are about to be reserved: write [`total`](Reservation::total), commit, then hand it to
/// [`KeyRing::grant`](crate::KeyRing::grant). Dropped instead, it reserves nothing.
#[derive(Debug)]
#[must_use = "seals are reserved by `KeyRing::grant`, after `total` is durable"]
pub struct Reservation {
    total: u32,
    seals: u32,
}

impl Reservation {
    /// What the store has to keep as the number of seals reserved so far.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.total
    }
}

/// The seals of one data key in this process.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    granted: AtomicU32,
    left: AtomicU32,
}

impl Budget {
    pub(crate) fn left(&self) -> u32 {
        self.left.load(Ordering::Acquire)
    }

    /// The next reservation, after `reserved` by all processes so far; none when the key is used up.
    pub(crate) fn next(&self, reserved: u32) -> Option<Reservation> {
        let available = LIMIT.checked_sub(reserved).filter(|&available| available > 0)?;
        let wanted = self.granted.load(Ordering::Acquire).clamp(SMALLEST, LARGEST);
        let seals = wanted.min(available);
        Some(Reservation { total: reserved + seals, seals })
    }

    /// The sums stay below `LIMIT`, as `next` hands out no more than that over all processes.
    pub(crate) fn grant(&self, reservation: Reservation) {
        self.granted.fetch_add(reservation.seals, Ordering::AcqRel);
        self.left.fetch_add(reservation.seals, Ordering::AcqRel);
    }

    /// Takes one seal.
    pub(crate) fn spend(&self) -> Result<(), SealError> {
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1))
            .map(drop)
            .map_err(|_| SealError::ReservationSpent)
    }
}
