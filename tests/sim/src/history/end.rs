//! The end: faults stop, time passes, reconcilers run, and everything must be settled.

use std::{collections::HashSet, sync::atomic::Ordering};

use finch_app::Pass;
use finch_core::TokenState;
use finch_tests::finish;

use super::History;
use crate::{
    finch::lock,
    keys::text,
    op::{Op, operator},
};

const DAY: i64 = 24 * 3600 * 1000;
/// So many passes must be enough: a lying success is noticed after seven questions.
const PASSES: usize = 24;

impl History {
    pub(super) fn end(&mut self) {
        self.trace.line(format_args!("faults stop"));
        self.faults = false;
        {
            let mut ledger = lock(&self.shared.ledger);
            (ledger.repaired, ledger.damages_next) = (true, false);
        }
        for host in &self.hosts {
            host.wrong_by.store(0, Ordering::Relaxed);
        }
        // Longer than what Finch may still do, and longer than an exchange may run.
        self.pass(11 * 60 * 1000);
        for pass in 0..PASSES {
            // One in any case: a lost exchange is no work of a connection.
            if (pass > 0 && self.work().is_empty()) || !self.judge.is_whole() {
                break;
            }
            let host = self.chance.below(self.hosts.len());
            self.begin(host, Op::Reconcile(Pass::Due));
            while !self.running.is_empty() && self.judge.is_whole() {
                let ready = self.ready();
                self.go_on(&ready);
            }
            self.pass(if pass < 16 { DAY } else { 400 * DAY });
        }
        if self.judge.is_whole() {
            self.judge.check_progress();
            self.check_end();
        }
    }

    fn work(&self) -> Vec<finch_core::ConnectionKey> {
        let store = &self.hosts[0].store;
        let listed =
            |filter| finish(store.connections(&filter, None, 1000)).expect("the store answers");
        [
            listed(finch_core::ConnectionFilter::Due(None)),
            listed(finch_core::ConnectionFilter::Question(None)),
        ]
        .concat()
    }

    fn check_end(&mut self) {
        let (finch, operator) = (self.hosts[0].unhindered(), operator());
        let listed = finish(finch.possible_orphans(&operator).all());
        let listed = listed.expect("the store answers the judge");
        let listed: HashSet<_> = listed.into_iter().map(|lost| lost.exchange).collect();
        {
            let (remote, ledger) = (lock(&self.shared.remote), lock(&self.shared.ledger));
            self.judge.check_agreement(&remote, &ledger);
            self.judge.check_orphans(&remote, &ledger, &listed);
        }
        self.check_secrets();
        let trace = self.trace.text().to_owned();
        self.check_secrecy(&trace);
        if let Some(bytes) = self.stores.written()
            && self.chance.percent(10)
        {
            self.figures.hit("files searched for secrets");
            let text = String::from_utf8_lossy(&bytes);
            let remote = lock(&self.shared.remote);
            let secrets = remote.issued.iter().map(|i| &*i.secret);
            let others = self.callbacks.iter().flat_map(|c| [c.state.expose(), c.code.expose()]);
            let found = secrets.chain(others).any(|secret| text.contains(secret));
            drop(remote);
            if found {
                self.judge.fault("I12", "a secret is in the files");
            }
        }
    }

    /// I7: whatever is not proven dead keeps its secret, sealed as its state says, and what is has none.
    fn check_secrets(&self) {
        let shared = self.shared.clone();
        let (store, ledger) = (self.hosts[0].store.clone(), lock(&shared.ledger));
        for token in self.judge.tokens() {
            let kept = finish(store.sealed(token.id)).expect("the store answers the judge");
            let right = match token.state {
                TokenState::Revoked { .. } => kept.is_none(),
                _ => {
                    // One that could not be opened is still sealed as it was.
                    let opens = |kept| match ledger.unreadable.contains(&token.id) {
                        true => shared.keys.open_any(token, kept),
                        false => text(shared.keys.opened().secret(token, token.sealed_as(), kept)),
                    };
                    kept.as_ref().and_then(opens).as_ref() == ledger.secrets.get(&token.id)
                }
            };
            if !right {
                let (id, state) = (token.id, token.state.name());
                self.judge.fault(
                    "I7",
                    format_args!("{id} is {state}, and its secret is not as it should be"),
                );
            }
        }
    }
}
