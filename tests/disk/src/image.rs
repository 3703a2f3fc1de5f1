//! Images: what a power loss may leave behind.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use finch_testkit::Chance;

use crate::{
    replay::{Files, Platter, Replay, put, rename, whole},
    tape::{Event, Name},
};

/// What a disk writes as one.
const SECTOR: usize = 512;

/// What became of the writes that were on their way, by name.
pub(crate) type Shape = BTreeSet<&'static str>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    pub(crate) files: Files,
    pub(crate) shape: Shape,
}

impl Image {
    /// What a power loss at this point leaves behind, if chance has it so: all that was synced; of the
    /// rest any part, in any order.
    pub(crate) fn take(replay: &Replay<'_>, chance: &mut Chance) -> Self {
        let mut shape = Shape::default();
        let mut names = replay.names.clone();
        let mut ends = BTreeMap::new();
        for event in &replay.pending_names {
            if let Event::Create(name, _) | Event::Delete(name) = &replay.tape.events[*event] {
                ends.entry(*name).or_insert_with(Vec::new).push(*event);
            }
        }
        // Each name as it was at some moment since the folder was synced.
        for events in ends.values() {
            let made = chance.below(events.len() + 1);
            shape.extend((made < events.len()).then_some("name lost"));
            events[..made].iter().for_each(|e| rename(&mut names, &replay.tape.events[*e]));
        }
        let nothing = Platter::default();
        let mut files = Files::new();
        for (name, inode) in names {
            let platter = replay.files.get(&inode).unwrap_or(&nothing);
            files.insert(name, survived(replay, platter, chance, &mut shape));
        }
        Self { files, shape }
    }

    /// Equal images have equal marks.
    pub(crate) fn mark(&self) -> u64 {
        let mut mark = 0_u64;
        let mut mix = |word: u64| {
            mark = (mark.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        };
        for (name, content) in &self.files {
            mix(*name as u64);
            mix(content.len() as u64);
            let (words, rest) = content.as_chunks::<8>();
            words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
            rest.iter().for_each(|byte| mix(u64::from(*byte)));
        }
        mark
    }

    /// Puts the files into an empty folder, as the store makes them: for their owner only.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        // The shared memory promises nothing: its content must not matter.
        let any = self.files.contains_key(&Name::Log) && self.mark().is_multiple_of(4);
        let shared = any.then_some(("finch.db-shm", [0x5a; 32 * 1024].as_slice()));
        let files = self.files.iter().map(|(name, content)| (name.file(), content.as_slice()));
        for (name, content) in files.chain(shared) {
            let mut options = fs::OpenOptions::new();
            let options = options.write(true).create_new(true).mode(0o600);
            options.open(folder.join(name))?.write_all(content)?;
        }
        Ok(())
    }
}

fn survived(
    replay: &Replay<'_>,
    platter: &Platter,
    chance: &mut Chance,
    shape: &mut Shape,
) -> Vec<u8> {
    let made_of_8 = [0, 2, 4, 6, 7, 7, 8, 8][chance.below(8)];
    let shuffled = chance.one_in(2);
    let torn_of_8_made = [0, 0, 1, 4, 8][chance.below(5)];
    let mut content = platter.durable.clone();
    let mut events = platter.pending.clone();
    if shuffled && events.len() > 1 {
        chance.shuffle(&mut events);
        shape.insert("reordered");
    }
    for event in events {
        let event = &replay.tape.events[event];
        let made = chance.below(8) < made_of_8;
        shape.extend((!made).then_some("writes lost"));
        match event {
            Event::Size(..) if !made => drop(shape.insert("truncation lost")),
            _ if !made => {}
            Event::Write(_, at, bytes) if chance.below(8) < torn_of_8_made => {
                let at = usize::try_from(*at).unwrap_or(0);
                torn(&mut content, at, bytes, chance, shape);
            }
            event => whole(&mut content, event),
        }
    }
    content
}

/// Of each sector that a write touches: the new bytes, the old ones, or zeros.
fn torn(content: &mut Vec<u8>, at: usize, bytes: &[u8], chance: &mut Chance, shape: &mut Shape) {
    let mut done = 0;
    while done < bytes.len() {
        let until = ((at + done) / SECTOR + 1) * SECTOR - at;
        let until = until.min(bytes.len());
        match chance.below(5) {
            0 | 1 => drop(shape.insert("torn")),
            2 => {
                shape.insert("zeroed");
                put(content, at + done, &vec![0; until - done]);
            }
            _ => put(content, at + done, &bytes[done..until]),
        }
        done = until;
    }
}
