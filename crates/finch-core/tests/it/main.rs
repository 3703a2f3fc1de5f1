//! The rules, and the store in memory.
mod memory;
