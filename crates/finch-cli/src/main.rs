//! The finch command.
fn main() {}
