//! The VFS itself: what SQLite calls, and what the real file system answers. The only unsafe code.
#![expect(unsafe_code, reason = "SQLite's file system is a table of C functions")]

mod file;
mod vfs;

pub(crate) use vfs::install;
