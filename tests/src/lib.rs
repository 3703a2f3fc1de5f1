//! User stories, end to end.
