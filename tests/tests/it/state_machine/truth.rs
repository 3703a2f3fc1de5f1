//! Finch, as the model has it.

use finch_core::testing::Reach;

use super::model::{FinchCustomer, Login, Model, Token};

impl Model {
    /// Issues the token of a login. It joins a connection that lives at Finch: of the same pair, or of
    /// the same credentials there.
    pub(crate) fn issue(&mut self, login: Login) -> usize {
        let reach = self.reach;
        let same = |t: &&Token| {
            let alike = reach == Reach::Pair || t.credentials == login.credentials;
            t.alive && t.pair == login.pair && alike
        };
        let name = self.tokens.iter().find(same).map_or(self.tokens.len(), |t| t.name);
        self.tokens.push(Token {
            pair: login.pair,
            credentials: login.credentials,
            name,
            finch_customer: login.finch_customer,
            alive: true,
            ours: None,
        });
        self.tokens.len() - 1
    }

    /// Finch disconnects with this token.
    pub(crate) fn kill(&mut self, token: usize) {
        if !self.tokens[token].alive {
            return;
        }
        let (pair, name, reach) = (self.tokens[token].pair, self.tokens[token].name, self.reach);
        for token in &mut self.tokens {
            let reached =
                if reach == Reach::Pair { token.pair == pair } else { token.name == name };
            token.alive &= !reached;
        }
    }

    /// Somebody ends a connection in Finch's dashboard.
    pub(crate) fn end_at_finch(&mut self, name: usize) {
        for token in self.tokens.iter_mut().filter(|t| t.name == name) {
            token.alive = false;
        }
    }

    /// The first token that lives at Finch under this name.
    pub(crate) fn lives(&self, name: usize) -> Option<&Token> {
        self.tokens.iter().find(|t| t.alive && t.name == name)
    }

    /// The name of the connection that Finch has for this customer id.
    pub(crate) fn existing(&self, id: FinchCustomer) -> Option<usize> {
        self.tokens.iter().find(|t| t.alive && t.finch_customer == Some(id)).map(|t| t.name)
    }
}
