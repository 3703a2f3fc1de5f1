//! A disk: one folder whose files are watched, and fail on command.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    fault::{Fault, Injected, Kind, Op, seem_busy},
    ffi,
    tape::{Event, Inode, Mark, Name, Tape},
};

static MOUNTED: Mutex<Option<HashMap<PathBuf, Arc<Disk>>>> = Mutex::new(None);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk that is mounted at this folder.
pub(crate) fn of(folder: &Path) -> Option<Arc<Disk>> {
    locked(&MOUNTED).as_ref()?.get(folder).cloned()
}

/// Which syncs a disk only pretends to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lie {
    /// None.
    #[default]
    None,
    /// Those of the log.
    Log,
    /// Those of the database.
    Database,
    /// All, the folder's too.
    All,
}

/// One folder whose files are watched. What SQLite does to them is written on a tape until the folder is unmounted,
/// and fails where a fault is set.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tape: Option<Tape>,
    names: BTreeMap<Name, Inode>,
    sizes: BTreeMap<Inode, u64>,
    lie: Lie,
    fault: Option<Fault>,
    seen: u64,
    hit: Option<Op>,
}

impl Disk {
    /// Tapes what is done to the files in `folder`, which SQLite has not opened yet.
    pub(crate) fn mount(folder: &Path) -> Arc<Self> {
        ffi::install();
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.into());
        let state = State { tape: Some(Tape::default()), ..State::default() };
        let disk = Arc::new(Self { folder: folder.clone(), state: Mutex::new(state) });
        locked(&MOUNTED).get_or_insert_default().insert(folder, disk.clone());
        disk
    }

    /// Watches no file that is opened from now on: the tape so far.
    pub(crate) fn unmount(&self) -> Tape {
        if let Some(mounted) = &mut *locked(&MOUNTED) {
            mounted.remove(&self.folder);
        }
        locked(&self.state).tape.take().unwrap_or_default()
    }

    /// Lies about syncs from now on.
    pub(crate) fn lie(&self, lie: Lie) {
        locked(&self.state).lie = lie;
    }

    /// Fails from now on as `fault` says; counting begins here.
    pub(crate) fn arm(&self, fault: Fault) {
        let mut state = locked(&self.state);
        (state.fault, state.seen, state.hit) = (Some(fault), 0, None);
    }

    /// Fails no longer. Returns the first operation that failed.
    pub(crate) fn disarm(&self) -> Option<Op> {
        let mut state = locked(&self.state);
        state.fault = None;
        state.hit.take()
    }

    pub(crate) fn mark(&self, mark: Mark) {
        locked(&self.state).push(Event::Mark(mark));
    }

    /// How this operation fails, if it does.
    pub(crate) fn gate(&self, op: Op, name: Option<Name>) -> Option<Injected> {
        let mut state = locked(&self.state);
        let fault = state.fault?;
        let injected = fault.kind.of(op, name)?;
        state.seen += 1;
        let fails = state.seen == fault.nth || (fault.for_good && state.seen > fault.nth);
        if !fails {
            return None;
        }
        state.hit.get_or_insert(op);
        if fault.kind == Kind::Busy {
            seem_busy();
        }
        Some(injected)
    }

    /// A file was opened. `content` reads one that was there before anything was watched.
    pub(crate) fn opened(
        &self,
        name: Name,
        existed: bool,
        content: impl FnOnce() -> Vec<u8>,
    ) -> Inode {
        let (known, watched, next) = {
            let state = locked(&self.state);
            (state.names.get(&name).copied(), state.tape.is_some(), state.sizes.len())
        };
        if let (Some(inode), true) = (known, existed) {
            return inode;
        }
        if name == Name::Database && existed && self.renamed() {
            return self.opened(name, existed, content);
        }
        // Outside of the lock, since it calls SQLite.
        let content = if existed && watched { content() } else { Vec::new() };
        let inode = Inode::try_from(next).unwrap_or(Inode::MAX);
        let mut state = locked(&self.state);
        state.names.insert(name, inode);
        state.sizes.insert(inode, content.len() as u64);
        match (&mut state.tape, existed) {
            (Some(tape), true) => drop(tape.before.insert(name, (inode, content))),
            _ => state.push(Event::Create(name, inode)),
        }
        inode
    }

    /// Whether the store that was made has got its name, which happens without SQLite: once it is whole and
    /// synced, and the folder is synced after.
    fn renamed(&self) -> bool {
        let mut state = locked(&self.state);
        let Some(inode) = state.names.remove(&Name::Part) else { return false };
        state.names.insert(Name::Database, inode);
        state.push(Event::Create(Name::Database, inode));
        state.push(Event::Delete(Name::Part));
        state.push(Event::SyncFolder);
        true
    }

    pub(crate) fn deleted(&self, name: Name, synced: bool) {
        let mut state = locked(&self.state);
        state.names.remove(&name);
        state.push(Event::Delete(name));
        if synced {
            let lies = state.lie == Lie::All;
            state.push(if lies { Event::Lie } else { Event::SyncFolder });
        }
    }

    pub(crate) fn wrote(&self, inode: Inode, at: u64, bytes: &[u8]) {
        let mut state = locked(&self.state);
        if state.tape.is_some() {
            let size = state.sizes.entry(inode).or_default();
            *size = (*size).max(at + bytes.len() as u64);
            state.push(Event::Write(inode, at, bytes.to_vec()));
        }
    }

    pub(crate) fn truncated(&self, inode: Inode, size: u64) {
        let mut state = locked(&self.state);
        state.sizes.insert(inode, size);
        state.push(Event::Size(inode, size));
    }

    pub(crate) fn grown(&self, inode: Inode, size: u64) {
        if locked(&self.state).sizes.get(&inode).is_some_and(|known| *known < size) {
            self.truncated(inode, size);
        }
    }

    pub(crate) fn sync_failed(&self, inode: Inode) {
        locked(&self.state).push(Event::SyncFailed(inode));
    }

    pub(crate) fn synced(&self, inode: Inode, name: Name, folder_too: bool) {
        let mut state = locked(&self.state);
        let lies = match state.lie {
            Lie::None => false,
            Lie::Log => name == Name::Log,
            Lie::Database => name == Name::Database,
            Lie::All => true,
        };
        state.push(if lies { Event::Lie } else { Event::Sync(inode) });
        if folder_too && !lies {
            state.push(Event::SyncFolder);
        }
    }
}

impl State {
    fn push(&mut self, event: Event) {
        if let Some(tape) = &mut self.tape {
            tape.events.push(event);
        }
    }
}
