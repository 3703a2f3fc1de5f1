//! Faults: which operation fails, and how.

use std::cell::Cell;

use rusqlite::ffi;

use crate::tape::Name;

/// An operation of the VFS that may fail, named as SQLite names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    Open,
    Delete,
    Access,
    Read,
    Write,
    Truncate,
    Sync,
    FileSize,
    Lock,
    CheckReservedLock,
    FileControl,
    SizeHint,
    ShmMap,
    ShmLock,
    Fetch,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The device fails: `SQLITE_IOERR`, without effect.
    Io,
    /// No room: `SQLITE_FULL`, after half of what was to be written.
    Full,
    /// Another process holds the lock.
    Busy,
    /// Half of a journal's bytes, then its end. (A database that is cut off is damaged, not unlucky.)
    ShortRead,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Io, Self::Full, Self::Busy, Self::ShortRead];

    /// What the operation answers, if it can fail like this.
    pub(crate) fn of(self, op: Op, name: Option<Name>) -> Option<Injected> {
        let code = match (self, op) {
            (Self::Io, Op::Open) => ffi::SQLITE_CANTOPEN,
            (Self::Io, Op::Sync) => ffi::SQLITE_IOERR_FSYNC,
            (Self::Io, _) => ffi::SQLITE_IOERR,
            (Self::Full, Op::Write | Op::Sync | Op::SizeHint) => ffi::SQLITE_FULL,
            (Self::Full, Op::ShmMap) => ffi::SQLITE_IOERR_SHMSIZE,
            (Self::Busy, Op::Lock | Op::ShmLock) => ffi::SQLITE_BUSY,
            (Self::ShortRead, Op::Read) if !matches!(name, Some(Name::Database | Name::Part)) => {
                ffi::SQLITE_IOERR_SHORT_READ
            }
            _ => return None,
        };
        let half = matches!((self, op), (Self::Full, Op::Write) | (Self::ShortRead, _));
        Some(Injected { code, half })
    }
}

/// What an operation answers instead of its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Injected {
    pub(crate) code: i32,
    pub(crate) half: bool,
}

/// The `nth` operation that can fail like this does so: once, or with all that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub nth: u64,
    /// How.
    pub kind: Kind,
    /// With all that follow.
    pub for_good: bool,
}

thread_local! {
    static SEEMED_BUSY: Cell<bool> = const { Cell::new(false) };
}

/// The lock that this thread was refused is free: waiting for it is a waste.
pub(crate) fn seem_busy() {
    SEEMED_BUSY.set(true);
}

/// Whether this thread waits for such a lock.
pub(crate) fn seemed_busy() -> bool {
    SEEMED_BUSY.replace(false)
}
