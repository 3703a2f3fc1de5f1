//! Replay: what is on the platter at any point of a tape, and what is only on its way.

use std::{collections::BTreeMap, sync::Arc};

use finch_testkit::{Chance, FakeFinch};

use crate::{
    ledger::Ledger,
    tape::{Event, Inode, Mark, Name, Tape},
};

/// A file's content as far as it is durable, and the events since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Platter {
    pub(crate) durable: Vec<u8>,
    pub(crate) pending: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Replay<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) at: usize,
    pub(crate) files: BTreeMap<Inode, Platter>,
    /// The folder as far as it is durable, and the events since.
    pub(crate) names: BTreeMap<Name, Inode>,
    pub(crate) pending_names: Vec<usize>,
    pub(crate) opened: bool,
    /// Where the last write was acknowledged.
    pub(crate) acknowledged_at: Option<usize>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) finch: Arc<FakeFinch>,
}

pub(crate) type Files = BTreeMap<Name, Vec<u8>>;

impl<'a> Replay<'a> {
    /// The beginning, with what was known then.
    pub(crate) fn new(tape: &'a Tape, ledger: Arc<Ledger>, finch: Arc<FakeFinch>) -> Self {
        let platter =
            |content: &Vec<u8>| Platter { durable: content.clone(), ..Platter::default() };
        let before = tape.before.iter();
        Self {
            tape,
            at: 0,
            files: before.clone().map(|(_, (inode, content))| (*inode, platter(content))).collect(),
            names: before.map(|(name, (inode, _))| (*name, *inode)).collect(),
            pending_names: Vec::new(),
            opened: false,
            acknowledged_at: None,
            ledger,
            finch,
        }
    }

    /// Goes on until `point` events have happened.
    pub(crate) fn go_to(&mut self, point: usize) {
        while self.at < point.min(self.tape.events.len()) {
            let now = self.at;
            self.at += 1;
            match &self.tape.events[now] {
                Event::Create(_, inode) => {
                    self.files.entry(*inode).or_default();
                    self.pending_names.push(now);
                }
                Event::Delete(_) => self.pending_names.push(now),
                Event::Write(inode, ..) | Event::Size(inode, _) => {
                    self.files.entry(*inode).or_default().pending.push(now);
                }
                Event::Sync(inode) => {
                    let platter = self.files.entry(*inode).or_default();
                    for event in std::mem::take(&mut platter.pending) {
                        whole(&mut platter.durable, &self.tape.events[event]);
                    }
                }
                Event::SyncFailed(inode) => {
                    let Platter { durable, pending } = self.files.entry(*inode).or_default();
                    pending.retain(|event| {
                        let done = &self.tape.events[*event];
                        let forgotten = matches!(done, Event::Write(..));
                        if forgotten && Chance::new(*event as u64).one_in(2) {
                            whole(durable, done);
                        }
                        !forgotten
                    });
                }
                Event::SyncFolder => {
                    for event in std::mem::take(&mut self.pending_names) {
                        rename(&mut self.names, &self.tape.events[event]);
                    }
                }
                Event::Lie => {}
                Event::Mark(mark) => self.note(now, mark),
            }
        }
    }

    fn note(&mut self, now: usize, mark: &Mark) {
        match mark {
            Mark::Opened => self.opened = true,
            Mark::Acknowledged(ledger) => {
                self.acknowledged_at = Some(now);
                self.ledger = ledger.clone();
            }
            Mark::Finch(ledger, finch) => {
                (self.ledger, self.finch) = (ledger.clone(), finch.clone());
            }
        }
    }

    /// The files as the programs see them, nothing lost.
    pub(crate) fn seen(&self) -> Files {
        let mut names = self.names.clone();
        for event in &self.pending_names {
            rename(&mut names, &self.tape.events[*event]);
        }
        let content = |inode: &Inode| {
            let platter = self.files.get(inode).cloned().unwrap_or_default();
            let mut content = platter.durable;
            for event in platter.pending {
                whole(&mut content, &self.tape.events[event]);
            }
            content
        };
        names.iter().map(|(name, inode)| (*name, content(inode))).collect()
    }
}

/// Does all of what an event does to a file.
pub(crate) fn whole(content: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Write(_, at, bytes) => put(content, usize::try_from(*at).unwrap_or(0), bytes),
        Event::Size(_, size) => content.resize(usize::try_from(*size).unwrap_or(0), 0),
        _ => {}
    }
}

/// Writes bytes at a place, behind zeros if the file ends before it.
pub(crate) fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

pub(crate) fn rename(names: &mut BTreeMap<Name, Inode>, event: &Event) {
    match event {
        Event::Create(name, inode) => drop(names.insert(*name, *inode)),
        Event::Delete(name) => drop(names.remove(name)),
        _ => {}
    }
}
