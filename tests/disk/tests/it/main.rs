//! Power loss and disk errors.
#![cfg(unix)]

mod crew;
mod faults;
mod lies;
mod power;
