//! One history: what a seed makes of the world, and what the judge says of it.

mod answers;
mod calls;
mod choose;
mod end;
mod events;
mod shape;
mod step;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, atomic::AtomicI64},
};

use finch_core::{Application, ConnectionId, Token, TokenId};
use finch_emulator::{DisconnectScope, EmulatorConfig, LocalEmulator};
use finch_testkit::{Chance, Figures};
use finch_tests::finish;
use tokio::task::JoinHandle;

use crate::{
    clock::Clock,
    disk::Stores,
    finch::lock,
    gate::Gate,
    host::{Host, Shared},
    judge::{Case, Judge},
    keys::{Keys, text},
    ledger::Ledger,
    op::{Callback, Op, Outcome, customer_id},
    remote::Remote,
    trace::Trace,
    variant::Variant,
};
use shape::Shape;

/// A history that was run.
#[derive(Debug)]
pub struct Played {
    /// Its seed.
    pub seed: u64,
    /// What happened.
    pub trace: Trace,
    /// What it reached.
    pub figures: Figures,
    /// What was broken, if anything was.
    pub broken: Vec<String>,
}

/// The application of every history.
pub(crate) fn application() -> Application {
    Application {
        client_id: EmulatorConfig::DEFAULT_CLIENT_ID.parse().expect("an id"),
        origin: finch_core::Origin::new(LocalEmulator::URL).expect("an address"),
    }
}

struct Running {
    task: usize,
    host: usize,
    op: Op,
    /// The tokens that it must have fenced, if it is a disconnect that succeeds.
    to_fence: Vec<TokenId>,
    /// Others overtake it.
    slow: bool,
    /// Everything that its result shows, and what came of it.
    outcome: JoinHandle<(String, Outcome)>,
}

pub(crate) struct History {
    chance: Chance,
    shape: Shape,
    shared: Shared,
    stores: Stores,
    hosts: Vec<Host>,
    judge: Judge,
    trace: Trace,
    figures: Figures,
    running: Vec<Running>,
    callbacks: Vec<Callback>,
    customer_of_code: HashMap<String, usize>,
    /// What completing with this state first gave.
    completed: HashMap<String, ConnectionId>,
    tasks: usize,
    ops_left: usize,
    last: usize,
    faults: bool,
    calls: Vec<calls::OnItsWay>,
    last_call: u64,
    /// Until when the disk is full.
    full_until: i64,
    /// When each task last asked for a lease.
    leased_at: HashMap<usize, i64>,
}

/// Plays the history of this seed.
pub fn play(seed: u64, variant: Option<Variant>) -> Played {
    let mut chance = Chance::new(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ 0x1234_5678);
    let shape = Shape::new(&mut chance);
    let stores = if shape.memory { Stores::in_memory() } else { Stores::on_disk(shape.hosts) };
    let scope = if shape.pair { DisconnectScope::Pair } else { DisconnectScope::Connection };
    let shared = Shared {
        keys: Arc::new(Keys::of(stores.of(0))),
        gate: Gate::default(),
        clock: Clock::new(seed),
        remote: Arc::new(Mutex::new(Remote::new(scope, seed))),
        ledger: Arc::default(),
        variant,
        loss: Arc::default(),
    };
    lock(&shared.ledger).clocks_differ = shape.clocks;
    let host = |n| Host::start(n, &shared, stores.of(n), Arc::new(AtomicI64::new(0)));
    let hosts = (0..shape.hosts).map(host).collect();
    let mut history = History {
        chance,
        shared,
        hosts,
        stores,
        judge: Judge::default(),
        trace: Trace::default(),
        figures: Figures::default(),
        running: Vec::new(),
        callbacks: Vec::new(),
        customer_of_code: HashMap::new(),
        completed: HashMap::new(),
        tasks: 0,
        ops_left: shape.ops,
        last: 0,
        faults: true,
        calls: Vec::new(),
        last_call: 0,
        leased_at: HashMap::new(),
        full_until: 0,
        shape,
    };
    history.play();
    let History { trace, mut figures, judge, .. } = history;
    figures.hit("histories");
    figures.add("steps", trace.steps());
    Played { seed, trace, figures, broken: judge.broken() }
}

impl History {
    fn play(&mut self) {
        self.trace.line(format_args!("{:?}", self.shape));
        while self.judge.is_whole() && (self.ops_left > 0 || !self.running.is_empty()) {
            if self.trace.steps() > 4000 {
                self.judge.fault("I9", "it does not come to rest");
            }
            self.step();
        }
        if self.judge.is_whole() {
            self.end();
        }
    }

    /// Shows the judge what there is now, if something was written in `customer`'s scope.
    fn judge(&mut self, customer: Option<usize>) {
        let ledger = Arc::clone(&self.shared.ledger);
        let mut ledger = lock(&ledger);
        for what in std::mem::take(&mut ledger.broken) {
            self.judge.fault("the exchange", what);
        }
        let killed = std::mem::take(&mut lock(&self.shared.remote).killed);
        for dead in killed {
            let ids_of = |with: &Arc<str>| {
                let of = ledger.secrets.iter().filter(|(_, secret)| **secret == *with);
                of.filter_map(|(id, _)| self.judge.token(*id)).collect::<Vec<_>>()
            };
            for (connection, token) in ids_of(&dead.secret) {
                if token.state != finch_core::TokenState::Active {
                    continue;
                }
                // A known limit: nothing here tells that a token is of the employer whose disconnect may
                // still take effect, where either has no name.
                let unnamed = |with: &Arc<str>| {
                    let sent = ids_of(with);
                    let nameless = sent.first().is_some_and(|(sent, _)| sent.company.is_none());
                    connection.company.is_none() || nameless
                };
                // Another: the hosts' clocks are a year apart, and the one that took the token in never
                // saw the call that may still take effect.
                let limit = match &dead.late {
                    Some(with) if unnamed(with) => {
                        "limit: a late effect, and an employer without a name"
                    }
                    Some(_) if ledger.clocks_differ => {
                        "limit: a late effect, and clocks that are a year apart"
                    }
                    _ => {
                        self.judge.fault(
                            "I10",
                            format_args!("a call of ours killed {}, active here", token.id),
                        );
                        continue;
                    }
                };
                self.figures.hit(limit);
                lock(&self.shared.remote).forgive(&dead.secret);
            }
        }
        for lease in std::mem::take(&mut ledger.leases) {
            self.figures.hit(lease);
        }
        let committed = std::mem::take(&mut ledger.committed);
        if !std::mem::take(&mut ledger.noted) && committed.is_empty() {
            return;
        }
        let now = self.snapshot();
        let remote = Arc::clone(&self.shared.remote);
        let case = Case {
            committed: &committed,
            customer: customer.map(customer_id),
            remote: &lock(&remote),
            secrets: &ledger.secrets,
        };
        self.judge.look(now, &case, &mut self.figures);
        self.check_hand_outs(&ledger);
    }

    fn snapshot(&self) -> Vec<finch_core::Connection> {
        finish(finch_testkit::connections(&*self.hosts[0].store, None))
            .expect("the store answers the judge")
    }

    /// I4: what one of the hosts would hand out now is active, and its customer's.
    fn check_hand_outs(&self, ledger: &Ledger) {
        let host = self.trace.steps() as usize % self.hosts.len();
        let owned = |t: &Token| Some((t.customer.clone()?, t.facts.connection_id.clone()));
        let asked: BTreeSet<_> = self.judge.tokens().filter_map(owned).collect();
        for (customer, id) in asked {
            let wanted = finch_core::TokenQuery::default();
            let given = finish(self.hosts[host].store.usable_token(&customer, &id, &wanted));
            let Some(given) = given.expect("the store answers the judge") else { continue };
            let secret = text(self.shared.keys.opened().usable(&customer, &given));
            if secret.is_none() && ledger.unreadable.contains(&given.id) {
                continue;
            }
            let may_have = |secret| self.judge.may_be_given(&customer, secret, &ledger.secrets);
            if !secret.as_deref().is_some_and(may_have) {
                self.judge.fault(
                    "I4",
                    format_args!("{customer} is given a token of {id} that is not active"),
                );
            }
        }
    }
}
