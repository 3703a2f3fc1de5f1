//! The simulation's run, and the tests of it.

mod histories;
mod variants;
