//! What must hold in every state, and what some state must show.

use finch_core::{Actor, Disconnect, DisconnectState, Evidence, Token, TokenState};
use stateright::Property;

use crate::{
    action::Action,
    check::Check,
    world::{Attempt, Code, Driver, End, Exchange, Issued, World, code_of},
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
    ("a token is superseded", |_, w| any(w, |t| t.state == TokenState::Superseded)),
    ("a token is retired", |_, w| any(w, |t| t.state == TokenState::Retired)),
    ("a token is verified", |_, w| any(w, |t| t.verified.is_some())),
    ("a promise is not kept at once", |_, w| any(w, |t| t.progress.polls > 0)),
    ("an operator closes", |_, w| any(w, |t| t.state.is_revoked() && !is_refused(t))),
    ("a request joins", |_, w| {
        let joins = |d: &Disconnect| matches!(d.state, DisconnectState::Merged { .. });
        w.connection.disconnects.iter().any(joins)
    }),
    ("what is left over ends", |_, w| has_disconnect_by(w, &Actor::Reconciler)),
    ("Finch ends a generation", |_, w| has_disconnect_by(w, &Actor::Finch)),
    ("a sending mark is left by a crash", |_, w| {
        let sends = |d: &Driver| matches!(d, Driver::Sent(_) | Driver::Answered(..));
        any(w, |t| t.progress.sending.is_some()) && !w.drivers.iter().any(sends)
    }),
    ("a second disconnect ends", |_, w| w.connection.generation() > 1),
    ("an abandoned exchange takes effect", |_, w| {
        let lost = |a: &Attempt| a.end == End::Unknown;
        let orphan = |c: &Code| c.attempt.as_ref().is_some_and(lost) && c.token != Issued::Not;
        w.codes.iter().any(orphan)
    }),
];

fn any(world: &World, is: impl Fn(&Token) -> bool) -> bool {
    world.connection.tokens.iter().any(is)
}

fn has_disconnect_by(world: &World, by: &Actor) -> bool {
    world.connection.disconnects.iter().any(|d| d.intent.by == *by)
}

fn is_refused(token: &Token) -> bool {
    matches!(token.state, TokenState::Revoked { evidence: Evidence::Refused { .. }, .. })
}

fn is_kept(token: &Token) -> bool {
    matches!(token.state, TokenState::Superseded | TokenState::Retired)
}

/// I3: whatever a disconnect covers is refused, or else kept unused until one more ends it.
fn is_complete(world: &World) -> bool {
    let ends_later = world.lives() || world.due;
    let complete = |t: &Token| match t.state {
        TokenState::Revoked { .. } => !is_refused(t) || !world.is_alive(code_of(t)),
        _ => is_kept(t) && ends_later,
    };
    world.is_open() || covered(world).all(complete)
}

/// I4: what is covered is never handed out.
fn is_fenced(world: &World) -> bool {
    covered(world).all(|t| t.state != TokenState::Active)
}

fn covered(world: &World) -> impl Iterator<Item = &Token> {
    let is_covered = |t: &&Token| world.codes[usize::from(code_of(t))].covered;
    world.connection.tokens.iter().filter(is_covered)
}

/// I7: a secret is wiped after a refusal; and a token that lives is stored, or on its way, or listed.
fn has_no_orphan(world: &World) -> bool {
    let known = (0u8..).zip(&world.codes).all(|(number, code)| {
        let listed = code.attempt.is_some_and(|a| matches!(a.end, End::Open | End::Unknown));
        code.token != Issued::Alive
            || world.stored(number).is_some()
            || code.exchange != Exchange::Idle
            || listed
    });
    known && !any(world, |t| is_refused(t) && world.is_alive(code_of(t)))
}

/// I10: what is handed out is accepted, unless it was ended outside.
fn agrees(world: &World) -> bool {
    let is_wrong = |code: &Code| code.token != Issued::Alive && !code.outside;
    !any(world, |t| {
        t.state == TokenState::Active && is_wrong(&world.codes[usize::from(code_of(t))])
    })
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
    let is_left = |t: &Token| matches!(t.state, TokenState::Unverified | TokenState::Fenced);
    let left_over = !world.lives() && any(world, is_kept);
    !world.is_open() && !world.due && !left_over && !any(world, is_left)
}
