//! finch-emulator.
