//! finch-sqlite.
