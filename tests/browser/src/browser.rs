//! One browser, with a profile of its own.

use serde_json::json;

use crate::{Driver, session::Session};

/// What the browser runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A desktop, light.
    #[default]
    Desktop,
    /// A desktop with the dark theme.
    Dark,
    /// A phone of 360 CSS pixels.
    Phone,
    /// A desktop on which no page may run a script.
    WithoutScripts,
}

/// A browser, as a person uses it.
#[derive(Debug)]
pub struct Browser {
    pub(crate) session: Session,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens one.
    ///
    /// # Panics
    /// If it does not open.
    pub async fn open(driver: &Driver, mode: Mode) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            // Not used here, and slow to start.
            "--disable-extensions",
            "--disable-default-apps",
            "--disable-component-extensions-with-background-pages",
            "--disable-features=PreloadTopChromeWebUI,MediaRouter,Translate,OptimizationHints",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1100,1600",
            &folder,
        ];
        let session = Session::open(&driver.url(), json!({ "args": arguments })).await;
        let (command, parameters) = match mode {
            Mode::Desktop => ("Emulation.clearDeviceMetricsOverride", json!({})),
            Mode::Dark => (
                "Emulation.setEmulatedMedia",
                json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }),
            ),
            Mode::Phone => (
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true }),
            ),
            Mode::WithoutScripts => {
                ("Emulation.setScriptExecutionDisabled", json!({ "value": true }))
            }
        };
        session.devtools(command, parameters).await;
        Self { session, _profile: profile }
    }

    /// Closes it.
    pub async fn close(self) {
        self.session.close().await;
    }
}
