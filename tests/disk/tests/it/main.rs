//! Power loss and disk errors.
#![cfg(unix)]

mod faults;
mod lies;
mod power;
