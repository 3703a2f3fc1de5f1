//! What may be different about Payday.

use std::{path::PathBuf, time::Duration};

use finch_emulator::EmulatorConfig;

/// What may be different about Payday.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its store and key are. None: in a temporary folder.
    pub folder: Option<PathBuf>,
    /// The Finch beside it.
    pub finch: EmulatorConfig,
    /// How long a page waits for the store while another process holds it, or while it takes no token.
    pub store_patience: Duration,
    /// How long a page waits for Finch to confirm a disconnect.
    pub disconnect_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: None,
            finch: EmulatorConfig::default(),
            store_patience: Duration::from_secs(5),
            disconnect_patience: Duration::from_secs(10),
        }
    }
}
