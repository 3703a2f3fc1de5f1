//! What Payday's pages share, and what Finch reports to it.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use finch_app::{CustomerChange, EventSink, SinkError, UnstoredToken};
use finch_emulator::Emulator;

use crate::{notices::Notices, rescue, sign_in::Sessions};

/// Payday's state, and its event sink. Every clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Payday {
    pub(crate) sessions: Sessions,
    pub(crate) notices: Notices,
    pub(crate) emulator: Arc<Emulator>,
    /// Where a token goes that the store does not take.
    pub(crate) folder: PathBuf,
}

#[async_trait]
impl EventSink for Payday {
    fn on_change(&self, change: &CustomerChange) {
        let known = self.emulator.state().connections;
        let named = known.iter().find(|c| c.connection_id == change.connection_id.as_str());
        let name = named.map(|c| format!("{} at {}", c.company, c.provider));
        self.notices.add(change, &name.unwrap_or_else(|| change.connection_id.to_string()));
    }

    /// In a file that an operator finds. A host of your own seals it, too.
    async fn rescue(&self, token: &UnstoredToken) -> Result<(), SinkError> {
        let file = rescue::keep(token, &self.folder).await?;
        let line = format!("The store did not take a token: it is in {}\n", file.display());
        // Payday's log. The token is kept whether or not the line can be printed.
        let _ = io::stderr().write_all(line.as_bytes());
        Ok(())
    }
}
