//! What must hold in every state, and what some state must show.

use stateright::Property;

use crate::{
    action::Action,
    check::Check,
    world::{Attempt, By, Code, Course, Driver, End, Exchange, Issued, Mark, Stored, World},
};

/// No history goes on for longer once nothing fails any more.
const LONG: usize = 300;

/// What must hold in every state; and the rest: what some state must show.
pub(crate) fn properties() -> Vec<Property<Check>> {
    let mut properties = vec![
        Property::always("I3 completeness", |_, world: &World| is_complete(world)),
        Property::always("I4 fencing", |_, world: &World| is_fenced(world)),
        Property::always("I5 monotony", |_, world: &World| !world.revived),
        Property::always("I7 no orphan", |_, world: &World| has_no_orphan(world)),
        Property::always("I9 progress", |check: &Check, world: &World| {
            let busy = world.drivers.iter().any(|d| *d != Driver::Idle);
            let busy = busy || world.codes.iter().any(|c| c.exchange != Exchange::Idle);
            busy || ends(check, world)
        }),
        Property::always("I10 agreement", |_, world: &World| agrees(world)),
        Property::always("one call at a time", |_, world: &World| {
            let calls = |d: &&Driver| matches!(d, Driver::Sent(_) | Driver::Answered(..));
            world.stalled || world.drivers.iter().filter(calls).count() < 2
        }),
    ];
    let shown = SHOWN.iter().map(|(name, by)| Property::sometimes(name, *by));
    properties.extend(shown);
    properties
}

/// Whether a state shows something.
type Condition = fn(&Check, &World) -> bool;

/// What some state must show.
const SHOWN: &[(&str, Condition)] = &[
    ("a token is superseded", |_, w| w.tokens.iter().any(|t| t.mark == Mark::Superseded)),
    ("a token is retired", |_, w| w.tokens.iter().any(|t| t.mark == Mark::Retired)),
    ("a token is verified", |_, w| w.tokens.iter().any(|t| t.verified > 0)),
    ("a promise is not kept at once", |_, w| w.tokens.iter().any(|t| t.polled)),
    ("an operator closes", |_, w| w.tokens.iter().any(|t| t.mark == Mark::Closed)),
    ("a request joins", |_, w| w.disconnects.iter().any(|d| matches!(d.state, Course::Merged(_)))),
    ("what is left over ends", |_, w| w.disconnects.iter().any(|d| d.by == By::Reconciler)),
    ("Finch ends a generation", |_, w| w.disconnects.iter().any(|d| d.by == By::Finch)),
    ("a sending mark is left by a crash", |_, w| {
        let sends = |d: &Driver| matches!(d, Driver::Sent(_) | Driver::Answered(..));
        w.tokens.iter().any(|t| t.sending.is_some()) && !w.drivers.iter().any(sends)
    }),
    ("a second disconnect ends", |_, w| {
        w.disconnects.iter().filter(|d| matches!(d.state, Course::Ended(_))).count() > 1
    }),
    ("an abandoned exchange takes effect", |_, w| {
        let lost = |a: &Attempt| a.end == End::Unknown;
        let orphan = |c: &Code| c.attempt.as_ref().is_some_and(lost) && c.token != Issued::Not;
        w.codes.iter().any(orphan)
    }),
];

/// I3: whatever a disconnect covers is refused, or else kept unused until one more ends it.
fn is_complete(world: &World) -> bool {
    let ends_later = world.lives() || world.due;
    let complete = |t: &Stored| match t.mark {
        Mark::Active | Mark::Unverified => false,
        Mark::Refused => !world.is_alive(t.code),
        Mark::Closed => true,
        Mark::Fenced => false,
        Mark::Superseded | Mark::Retired => ends_later,
    };
    let covered = |t: &&Stored| world.codes[usize::from(t.code)].covered;
    world.open().is_some() || world.tokens.iter().filter(covered).all(complete)
}

/// I4: what is covered is never handed out.
fn is_fenced(world: &World) -> bool {
    let covered = |t: &&Stored| world.codes[usize::from(t.code)].covered;
    world.tokens.iter().filter(covered).all(|t| t.mark != Mark::Active)
}

/// I7: a secret is wiped after a refusal; and a token that lives is stored, or on its way, or listed.
fn has_no_orphan(world: &World) -> bool {
    let wiped = |t: &&Stored| t.mark == Mark::Refused;
    let proven = world.tokens.iter().filter(wiped).all(|t| !world.is_alive(t.code));
    let known = (0u8..).zip(&world.codes).all(|(number, code)| {
        let listed = code.attempt.is_some_and(|a| matches!(a.end, End::Open | End::Unknown));
        code.token != Issued::Alive
            || world.stored(number).is_some()
            || code.exchange != Exchange::Idle
            || listed
    });
    proven && known
}

/// I10: what is handed out is accepted, unless it was ended outside.
fn agrees(world: &World) -> bool {
    let active = world.tokens.iter().filter(|t| t.mark == Mark::Active);
    let mut codes = active.map(|t| &world.codes[usize::from(t.code)]);
    codes.all(|code| code.token == Issued::Alive || code.outside)
}

/// I9: if nothing fails any more, everything that is open ends.
fn ends(check: &Check, world: &World) -> bool {
    let setting = check.setting;
    let mut world = world.clone();
    let mut actions = Vec::new();
    let mut seen = Vec::new();
    for _ in 0..LONG {
        let calm = Check::calm(&world);
        if check.is_known_to_end(calm) {
            check.ends_from(&seen);
            return true;
        }
        seen.push(calm);
        actions.clear();
        world.goes_on(setting, &mut actions);
        let next = |action: &Action| world.after(setting, check.variant, *action);
        let Some(after) = actions.iter().find_map(next) else {
            let rests = is_at_rest(&world);
            if rests {
                check.ends_from(&seen);
            }
            return rests;
        };
        world = after;
    }
    false
}

/// Nothing is open, in doubt or left over.
fn is_at_rest(world: &World) -> bool {
    let doubt = world.tokens.iter().any(|t| t.mark == Mark::Unverified);
    let unproven = |t: &Stored| t.mark == Mark::Fenced;
    let kept = |t: &Stored| matches!(t.mark, Mark::Superseded | Mark::Retired);
    let left_over = !world.lives() && world.tokens.iter().any(kept);
    world.open().is_none()
        && !doubt
        && !left_over
        && !world.due
        && !world.tokens.iter().any(unproven)
}
