//! The rules hold in every history; and no simplification of them does.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "tests; a history that breaks is there to be read"
)]

mod broken;
mod right;
