//! For fuzzing only: answers that do not come from a socket. Everything before and behind it is the
//! real way of a call.

use std::fmt;

use http::Response as Answer;
use reqwest::{Request, Response};

use crate::{ConfigError, HttpFinch, HttpFinchConfig};

type Ask = dyn Fn(&str) -> Answer<Vec<u8>> + Send + Sync;

pub(crate) struct Answers(Box<Ask>);

impl HttpFinch {
    /// A client whose calls are answered by `ask`, which is given the path of each.
    #[doc(hidden)]
    pub fn answered_by(
        config: HttpFinchConfig,
        ask: impl Fn(&str) -> Answer<Vec<u8>> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let mut finch = Self::new(config)?;
        finch.answers = Some(Answers(Box::new(ask)));
        Ok(finch)
    }

    pub(crate) async fn execute(&self, request: Request) -> reqwest::Result<Response> {
        match &self.answers {
            Some(Answers(ask)) => Ok(ask(request.url().path()).into()),
            None => self.client.execute(request).await,
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}
