//! Power loss and disk errors.
#![cfg(unix)]

mod power;
mod faults;
