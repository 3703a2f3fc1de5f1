//! One look at a reopened store: everything that it holds, lists and hands out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use finch_app::PossibleOrphan;
use finch_core::{Connection, TokenId};

use crate::{
    app::{App, operator},
    secrets::fingerprint,
    stage::Stage,
};

/// What a store holds, lists and hands out.
pub(crate) struct Look {
    pub(crate) connections: Vec<Connection>,
    /// The token in each record that has one.
    pub(crate) stored: BTreeMap<TokenId, String>,
    /// The tokens in rescue files.
    pub(crate) rescued: BTreeSet<String>,
    pub(crate) orphans: Vec<PossibleOrphan>,
    /// Which token each customer gets, by any handle.
    pub(crate) handed_out: Vec<(String, String)>,
}

impl Look {
    pub(crate) async fn at(stage: &Stage, app: &App) -> Self {
        let connections = finch_testkit::connections(&*app.store, None).await.unwrap();
        let mut stored = BTreeMap::new();
        for token in connections.iter().flat_map(|connection| &connection.tokens) {
            if let Some(secret) = app.secret(token).await {
                stage.guard(secret.expose());
                stored.insert(token.id, fingerprint(secret.expose()));
            }
        }
        let mut handed_out = Vec::new();
        for account in stage.accounts() {
            let tokens = connections.iter().flat_map(|connection| &connection.tokens);
            let own = tokens.filter(|t| t.customer.as_ref() == Some(account.scope().id()));
            let handles: BTreeSet<_> = own.map(|token| &token.facts.connection_id).collect();
            for handle in handles {
                if let Ok(token) = app.finch.access_token(&account.scope(), handle, &[]).await {
                    let fingerprint = fingerprint(token.secret.expose());
                    handed_out.push((account.customer.to_owned(), fingerprint));
                }
            }
        }
        let orphans = app.finch.possible_orphans(&operator()).all().await.unwrap();
        Self { connections, stored, rescued: rescued(stage), orphans, handed_out }
    }
}

/// The tokens in rescue files that are whole. (Half a file was never promised.)
pub(crate) fn rescued(stage: &Stage) -> BTreeSet<String> {
    let rescue = stage.files().into_iter();
    let rescue = rescue.filter(|path| path.to_str().unwrap().contains(".rescue-"));
    let whole = rescue.filter_map(|path| {
        let content: serde_json::Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some(fingerprint(content["access_token"].as_str()?))
    });
    whole.collect()
}
