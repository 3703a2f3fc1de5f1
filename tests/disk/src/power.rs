//! Power loss: images out of every part of a history, each opened, judged and recovered.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use finch_testkit::Chance;

use crate::{
    content::Content,
    disk::Lie,
    history::{self, History},
    image::Image,
    judge::{Broken, OrBroken as _, ensure, judge},
    quiet::{quietly, runtime},
    recover,
    replay::Replay,
    tape::{Event, Tape},
};

/// What a run reached, by name.
pub type Reached = BTreeMap<&'static str, u64>;

/// So many images of one history.
pub const IMAGES_OF_ONE: usize = 200;
/// So many of one recovery, which is recorded for one image in [`RECORDED`].
const IMAGES_OF_A_RECOVERY: usize = 8;
const RECORDED: usize = 40;

/// What goes on at a point of a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Creation,
    Commit,
    Checkpoint,
    Quiet,
}

/// Takes up to `count` different images of the history of this seed, and checks each.
///
/// # Errors
/// The first that is broken.
pub fn images(seed: u64, count: usize, lie: Lie, reached: &mut Reached) -> Result<(), Broken> {
    let history = History::run(seed, lie)?;
    *reached.entry("histories").or_default() += 1;
    *reached.entry("events").or_default() += history.tape.events.len() as u64;
    let mut chance = Chance::new(!seed);
    images_of(&history, count, true, &mut chance, reached)
}

fn images_of(
    history: &History,
    count: usize,
    recorded: bool,
    chance: &mut Chance,
    reached: &mut Reached,
) -> Result<(), Broken> {
    let mut seen = HashSet::new();
    let mut replay = Replay::new(&history.tape, history.ledger.clone(), history.finch.clone());
    for (point, stage) in points(history, count, chance) {
        replay.go_to(point);
        let image = Image::take(&replay, chance);
        if !seen.insert(image.mark()) {
            *reached.entry("the same again").or_default() += 1;
            continue;
        }
        let record = recorded && chance.one_in(RECORDED);
        let go_on = chance.one_in(16);
        let checked = check(history, &replay, &image, go_on, record, chance, reached);
        checked.map_err(|Broken(what)| {
            Broken(format!("after {point} events ({stage:?}, {:?}): {what}", image.shape))
        })?;
        count_shape(&image, stage, reached);
    }
    Ok(())
}

/// Points of the tape, evenly from every stage, in order.
fn points(history: &History, count: usize, chance: &mut Chance) -> Vec<(usize, Stage)> {
    let mut stages: BTreeMap<Stage, Vec<usize>> = BTreeMap::new();
    let mut replay = Replay::new(&history.tape, history.ledger.clone(), history.finch.clone());
    let database = inode_of_the_database(&history.tape);
    for point in 0..=history.tape.events.len() {
        replay.go_to(point);
        let pending = |inode| replay.files.get(inode).is_some_and(|f| !f.pending.is_empty());
        let stage = if !replay.opened {
            Stage::Creation
        } else if database.as_ref().is_some_and(pending) {
            Stage::Checkpoint
        } else if replay.files.keys().any(pending) || !replay.pending_names.is_empty() {
            Stage::Commit
        } else {
            Stage::Quiet
        };
        stages.entry(stage).or_default().push(point);
    }
    let mut points = Vec::new();
    for _ in 0..count {
        // Commits are most of what happens; a quiet moment has one image only.
        let stage = match chance.below(8) {
            0 => Stage::Creation,
            1..=4 => Stage::Commit,
            _ => Stage::Checkpoint,
        };
        let stage = if chance.one_in(40) { Stage::Quiet } else { stage };
        if let Some(of_stage) = stages.get(&stage) {
            points.push((of_stage[chance.below(of_stage.len())], stage));
        }
    }
    points.sort_unstable();
    points
}

fn inode_of_the_database(tape: &Tape) -> Option<u32> {
    let before = tape.before.get(&crate::tape::Name::Database).map(|(inode, _)| *inode);
    before.or_else(|| {
        tape.events.iter().find_map(|event| match event {
            Event::Create(crate::tape::Name::Database, inode) => Some(*inode),
            _ => None,
        })
    })
}

fn check(
    history: &History,
    replay: &Replay<'_>,
    image: &Image,
    go_on: bool,
    record: bool,
    chance: &mut Chance,
    reached: &mut Reached,
) -> Result<(), Broken> {
    let folder = history::folder();
    let path = folder.path();
    image.write(path).or_broken("the image")?;
    if record {
        let history = History::recovered(path, &replay.ledger, &replay.finch)?;
        *reached.entry("recoveries").or_default() += 1;
        return images_of(&history, IMAGES_OF_A_RECOVERY, false, chance, reached);
    }
    let store = Arc::new(history::open(path).or_broken("open")?);
    let db = rusqlite::Connection::open(path.join("finch.db")).or_broken("a second look")?;
    content(history, replay, &db, reached)?;
    let system = recover::later();
    let now = finch_app::System::now(&*system);
    let (ledger, none) = (&replay.ledger, BTreeSet::new());
    let found = quietly(judge(&*store, &db, ledger, &replay.finch, &none, now))?;
    let finch = Arc::new(replay.finch.copy());
    let app = recover::application(finch.clone(), store.clone(), system.clone());
    let app = quietly(app)?;
    let ended = quietly(recover::reconcile(&app, &system))?;
    quietly(recover::at_rest(&*store, &finch, ledger, &found))?;
    *reached.entry("disconnects ended in recovery").or_default() += ended as u64;
    *reached.entry("tokens found").or_default() += found.tokens().count() as u64;
    if go_on {
        runtime().block_on(recover::life_goes_on(&app, &finch))?;
        *reached.entry("lives gone on").or_default() += 1;
    }
    Ok(())
}

/// The content is one that the store has shown: not before the last write that it acknowledged, and not
/// after the one that it was at.
fn content(
    history: &History,
    replay: &Replay<'_>,
    db: &rusqlite::Connection,
    reached: &mut Reached,
) -> Result<(), Broken> {
    let content = Content::of(db).or_broken("reading it all")?;
    let said = &history.said;
    let until = |event: usize| said.partition_point(|(from, _)| *from <= event);
    let first = replay.acknowledged_at.map_or(0, |at| until(at) - 1);
    let end = (until(replay.at) + 1).min(said.len());
    let at = said[first..end].iter().position(|(_, said)| match (said, content) {
        // Nothing was there, and the open that looks has made a store.
        (Content::Nothing, Content::Fresh(_)) => true,
        _ => *said == content,
    });
    let Some(at) = at else {
        let known = said.iter().position(|(_, said)| *said == content);
        return Err(Broken(match known {
            Some(known) if known < first => {
                format!("{} acknowledged writes are lost", first - known)
            }
            Some(_) => "it is ahead of its time".to_owned(),
            None => "it says what the store never said".to_owned(),
        }));
    };
    ensure(first + at < said.len(), String::new)?;
    let which = match at {
        0 => "as acknowledged",
        _ => "one write further",
    };
    *reached.entry(which).or_default() += 1;
    Ok(())
}

fn count_shape(image: &Image, stage: Stage, reached: &mut Reached) {
    let shape = image.shape;
    let names = [
        ("images", true),
        ("in creation", stage == Stage::Creation),
        ("in a commit", stage == Stage::Commit),
        ("in a checkpoint", stage == Stage::Checkpoint),
        ("in quiet", stage == Stage::Quiet),
        ("writes lost", shape.lost),
        ("reordered", shape.reordered),
        ("torn", shape.torn),
        ("zeroed", shape.zeroed),
        ("truncation lost", shape.untruncated),
        ("name lost", shape.unnamed),
    ];
    for (name, _) in names.iter().filter(|(_, reached)| *reached) {
        *reached.entry(name).or_default() += 1;
    }
}
