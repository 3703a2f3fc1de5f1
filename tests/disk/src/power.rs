//! Power loss: images out of every part of a history, each opened, judged and recovered.

use std::collections::{BTreeMap, HashSet};

use finch_testkit::{Chance, Figures};

use crate::{
    content::Content,
    disk::Lie,
    history::History,
    host::runtime,
    image::Image,
    judge::{Broken, OrBroken as _},
    recover::{self, recover},
    replay::Replay,
    tape::{Event, Name, Tape},
};

/// So many images of one history.
const IMAGES_OF_ONE: usize = 200;
/// So many of one recovery, which is recorded for one image in [`RECORDED`].
const IMAGES_OF_A_RECOVERY: usize = 8;
const RECORDED: usize = 40;

/// What goes on at a point of a tape.
type Stage = &'static str;
const CREATION: Stage = "in creation";
const COMMIT: Stage = "in a commit";
const CHECKPOINT: Stage = "in a checkpoint";
const QUIET: Stage = "in quiet";

/// Takes different images of the history of this seed, and checks each.
///
/// # Errors
/// The first that is broken.
pub fn images(seed: u64, lie: Lie, figures: &mut Figures) -> Result<(), Broken> {
    let history = History::run(seed, lie)?;
    figures.hit("histories");
    figures.add("events", history.tape.events.len() as u64);
    let mut chance = Chance::new(!seed);
    images_of(&history, IMAGES_OF_ONE, true, &mut chance, figures)
}

fn images_of(
    history: &History,
    count: usize,
    recorded: bool,
    chance: &mut Chance,
    figures: &mut Figures,
) -> Result<(), Broken> {
    let mut seen = HashSet::new();
    let mut replay = history.replay();
    for (point, stage) in points(history, count, chance) {
        replay.go_to(point);
        let image = Image::take(&replay, chance);
        if !seen.insert(image.mark()) {
            figures.hit("the same again");
            continue;
        }
        let record = recorded && chance.one_in(RECORDED);
        let how = (chance.one_in(16), record);
        let checked = check(history, &replay, &image, how, chance, figures);
        checked.map_err(|Broken(what)| {
            Broken(format!("after {point} events ({stage}, {:?}): {what}", image.shape))
        })?;
        figures.hit("images");
        figures.hit(stage);
        image.shape.iter().for_each(|event| figures.hit(event));
    }
    Ok(())
}

/// Points of the tape, evenly from every stage, in order.
fn points(history: &History, count: usize, chance: &mut Chance) -> Vec<(usize, Stage)> {
    let mut stages: BTreeMap<Stage, Vec<usize>> = BTreeMap::new();
    let mut replay = history.replay();
    let database = inode_of_the_database(&history.tape);
    for point in 0..=history.tape.events.len() {
        replay.go_to(point);
        let pending = |inode| replay.files.get(inode).is_some_and(|f| !f.pending.is_empty());
        let stage = if !replay.opened {
            CREATION
        } else if database.as_ref().is_some_and(pending) {
            CHECKPOINT
        } else if replay.files.keys().any(pending) || !replay.pending_names.is_empty() {
            COMMIT
        } else {
            QUIET
        };
        stages.entry(stage).or_default().push(point);
    }
    let mut points = Vec::new();
    for _ in 0..count {
        // Commits are most of what happens; a quiet moment has one image only.
        let stage = match chance.below(8) {
            0 => CREATION,
            1..=4 => COMMIT,
            _ => CHECKPOINT,
        };
        let stage = if chance.one_in(40) { QUIET } else { stage };
        if let Some(of_stage) = stages.get(&stage) {
            points.push((of_stage[chance.below(of_stage.len())], stage));
        }
    }
    points.sort_unstable();
    points
}

fn inode_of_the_database(tape: &Tape) -> Option<u32> {
    let before = tape.before.get(&Name::Database).map(|(inode, _)| *inode);
    before.or_else(|| {
        tape.events.iter().find_map(|event| match event {
            Event::Create(Name::Database, inode) => Some(*inode),
            _ => None,
        })
    })
}

fn check(
    history: &History,
    replay: &Replay<'_>,
    image: &Image,
    (go_on, record): (bool, bool),
    chance: &mut Chance,
    figures: &mut Figures,
) -> Result<(), Broken> {
    if record {
        let history = History::recovered(image, &replay.ledger, &replay.finch)?;
        figures.hit("recoveries");
        return images_of(&history, IMAGES_OF_A_RECOVERY, false, chance, figures);
    }
    let folder = finch_tests::folder();
    image.write(folder.path()).or_broken("the image")?;
    let look = |db: &rusqlite::Connection| content(history, replay, db, figures);
    let done = recover(folder.path(), &replay.ledger, &replay.finch, look)?;
    figures.add("disconnects ended in recovery", done.ended as u64);
    figures.add("tokens found", done.tokens as u64);
    if go_on {
        runtime().block_on(recover::life_goes_on(&done.app, &done.finch))?;
        figures.hit("lives gone on");
    }
    Ok(())
}

/// The content is one that the store has shown: not before the last write that it acknowledged, and not
/// after the one that it was at.
fn content(
    history: &History,
    replay: &Replay<'_>,
    db: &rusqlite::Connection,
    figures: &mut Figures,
) -> Result<(), Broken> {
    let content = Content::of(db).or_broken("reading it all")?;
    let said = &history.said;
    let until = |event: usize| said.partition_point(|(from, _)| *from <= event);
    let first = replay.acknowledged_at.map_or(0, |at| until(at) - 1);
    let end = (until(replay.at) + 1).min(said.len());
    let same = |said: Content| match (said, content) {
        // Nothing was there, and the open that looks has made a store.
        (Content::Nothing, Content::Fresh(_)) => true,
        _ => said == content,
    };
    let Some(at) = said[first..end].iter().position(|(_, said)| same(*said)) else {
        let known = said.iter().position(|(_, said)| *said == content);
        return Err(Broken(match known {
            Some(known) if known < first => {
                format!("{} acknowledged writes are lost", first - known)
            }
            Some(_) => "it is ahead of its time".to_owned(),
            None => "it says what the store never said".to_owned(),
        }));
    };
    figures.hit(if at == 0 { "as acknowledged" } else { "one write further" });
    Ok(())
}
