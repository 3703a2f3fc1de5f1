//! The tape: what was done to a disk, in order, with what the test knew meanwhile.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use finch_testkit::FakeFinch;

use crate::ledger::Ledger;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Database,
    /// `finch.db-journal`: only while a new store is opened for the first time.
    Journal,
    /// `finch.db.part`: the database while it is made, which is then renamed.
    Part,
    PartJournal,
    Log,
}

impl Name {
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.as_os_str().as_encoded_bytes();
        match name {
            _ if name.ends_with(b".part-journal") => Self::PartJournal,
            _ if name.ends_with(b".part") => Self::Part,
            _ if name.ends_with(b"-journal") => Self::Journal,
            _ if name.ends_with(b"-wal") => Self::Log,
            _ => Self::Database,
        }
    }

    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Database => "finch.db",
            Self::Journal => "finch.db-journal",
            Self::Part => "finch.db.part",
            Self::PartJournal => "finch.db.part-journal",
            Self::Log => "finch.db-wal",
        }
    }
}

/// A file's content, whatever its name. A file that is deleted and made again is another one.
pub(crate) type Inode = u32;

#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A name was given to a new, empty file. Durable once the folder is synced.
    Create(Name, Inode),
    /// A name was taken away. Durable once the folder is synced.
    Delete(Name),
    Write(Inode, u64, Vec<u8>),
    Size(Inode, u64),
    Sync(Inode),
    SyncFolder,
    /// A sync failed: of what it was for, some is written, and the rest is forgotten. No later sync
    /// writes it, as Linux has it.
    SyncFailed(Inode),
    /// A sync that was asked for, and not made.
    Lie,
    Mark(Mark),
}

/// What the test knows from here on.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// The store is open for the first time.
    Opened,
    /// The store has answered a write.
    Acknowledged(Arc<Ledger>),
    /// Finch has answered a call: its truth.
    Finch(Arc<Ledger>, Arc<FakeFinch>),
}

/// Everything that was done to a disk since it was mounted.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// What was there before, durable.
    pub(crate) before: BTreeMap<Name, (Inode, Vec<u8>)>,
    pub(crate) events: Vec<Event>,
}
