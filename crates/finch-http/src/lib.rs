//! finch-http.
