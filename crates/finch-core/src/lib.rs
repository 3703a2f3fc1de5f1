//! finch-core.
