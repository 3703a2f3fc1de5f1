//! Finch's truth: which tokens live, and what a request does to them.

use crate::{
    setting::{Ids, Reach, Setting},
    store::connection_id,
    world::{Answer, Issued, Purpose, World},
};

impl World {
    /// Finch gets a code: it issues the token; or, if the code was used before, it refuses, and ends what
    /// the code has brought (RFC 6749, 4.1.2). Returns whether it issued.
    pub(crate) fn exchange(&mut self, setting: &Setting, code: u8) -> bool {
        let place = usize::from(code);
        if self.codes[place].token != Issued::Not {
            self.codes[place].token = Issued::Dead;
            return false;
        }
        let living = self.codes.iter().find(|c| c.token == Issued::Alive).map(|c| c.connection_id);
        let issued = self.codes.iter().filter(|c| c.token != Issued::Not);
        let unused = issued.map(|c| c.connection_id + 1).max().unwrap_or(0);
        self.codes[place].connection_id = match setting.ids {
            Ids::Same => 0,
            Ids::Own => code,
            Ids::Fresh => living.unwrap_or(unused),
        };
        self.codes[place].token = Issued::Alive;
        true
    }

    /// A `/disconnect` with this token takes effect.
    pub(crate) fn end(&mut self, setting: &Setting, code: u8) {
        let id = self.codes[usize::from(code)].connection_id;
        for other in self.codes.iter_mut().filter(|c| c.token == Issued::Alive) {
            if setting.reach == Reach::Pair || other.connection_id == id {
                other.token = Issued::Dead;
            }
        }
    }

    pub(crate) fn end_outside(&mut self) {
        for code in self.codes.iter_mut().filter(|c| c.token == Issued::Alive) {
            (code.token, code.outside) = (Issued::Dead, true);
        }
    }

    /// Finch acts on a call, and answers.
    pub(crate) fn act(&mut self, setting: &Setting, code: u8, purpose: Purpose) -> Answer {
        if !self.is_alive(code) {
            let id = connection_id(self.codes[usize::from(code)].connection_id);
            let promised = self
                .connection
                .tokens
                .iter()
                .any(|t| t.progress.acknowledged.is_some() && t.facts.connection_id == *id);
            let unnamed = setting.unnamed && promised;
            return if unnamed { Answer::Unnamed } else { Answer::Invalid };
        }
        if purpose == Purpose::Disconnect {
            self.end(setting, code);
        }
        Answer::Success
    }
}
