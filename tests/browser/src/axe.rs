//! What axe finds in a page: barriers for its users.

use std::fs;

use serde_json::json;

use crate::{Browser, driver::is_required, page::target};

/// Where `cargo xtask test` puts it.
const AXE: &str = "browser/package/axe.min.js";

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
        found => done(found.violations.map(v => ({
            rule: v.id, help: v.help, at: v.nodes.map(n => n.html + ' ' + n.failureSummary),
        }))),
        error => done([{ rule: String(error) }]),
    );";

impl Browser {
    /// Looks the page through.
    ///
    /// # Panics
    /// If axe finds something.
    pub async fn is_accessible(&self) {
        let Ok(axe) = fs::read_to_string(target().join(AXE)) else {
            assert!(!is_required(), "there is no axe in {AXE}: cargo xtask test fetches it");
            eprintln!("NOT RUN: there is no axe. `cargo xtask test` says more.");
            return;
        };
        self.evaluate(&axe).await;
        let found = self.session.run("/execute/async", json!({ "script": RUN, "args": [] })).await;
        let none = found.as_array().is_some_and(Vec::is_empty);
        assert!(none, "{}: {found:#}", self.url().await);
    }
}
