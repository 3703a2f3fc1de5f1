//! finch-seal.
