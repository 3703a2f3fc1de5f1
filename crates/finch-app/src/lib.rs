//! finch-app.
