//! Audit: what Finch says of every token that is kept, against what is written here.

use std::{collections::BTreeSet, time::Duration};

use finch_core::{
    Application, Connection, ConnectionFilter, ConnectionId, ConnectionKey, OperatorScope,
    StoreError, Timestamp, Token, TokenId,
    decide::{Drift, Finding, drift, drift_of_token},
};
use serde::{Deserialize, Serialize};

use crate::{Finch, Pace, Pass, RunError};

/// What an audit does.
#[derive(Clone, Debug)]
pub struct AuditOptions {
    /// After how many days a connection counts as unused. Default: 90.
    pub unused_days: u32,
    /// Whether what Finch says is written down, as after [`Finch::report_unauthorized`]. Default: nothing is
    /// changed.
    pub fix: bool,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { unused_days: 90, fix: false }
    }
}

/// One audit, as far as it has come. It holds no secret: a host may keep it somewhere and go on later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audit {
    /// Of which application's store.
    pub application: Application,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether what Finch says is written down.
    pub fix: bool,
    /// After how many days a connection counts as unused.
    pub unused_days: u32,
    /// How many tokens there were to ask about when it began.
    pub tokens: u64,
    /// How many Finch was asked about.
    pub asked: u64,
    /// How many connections were looked at.
    pub connections: u64,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The last connection that was looked at.
    after: Option<ConnectionKey>,
}

impl Audit {
    /// What still needs a person.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.fixed)
    }
}

/// What was learned of one connection.
#[derive(Debug, Default)]
struct Seen {
    asked: u64,
    alive: BTreeSet<ConnectionId>,
    findings: Vec<Finding>,
}

impl Finch {
    /// Begins an audit: counts what there is to ask.
    #[doc = example!(
        "let options = AuditOptions { fix: true, ..AuditOptions::default() };",
        "let mut audit = finch.begin_audit(operator, options).await?;",
        "let pace = Pace::of(std::time::Duration::from_millis(500));",
        "while finch.audit_next(operator, &mut audit, pace).await? {}",
        r#"println!("{} findings", audit.findings.len());"#,
    )]
    pub async fn begin_audit(
        &self,
        _scope: &OperatorScope,
        options: AuditOptions,
    ) -> Result<Audit, StoreError> {
        let AuditOptions { unused_days, fix } = options;
        let (mut tokens, mut listed) = (0, self.listed(ConnectionFilter::All, None));
        while let Some(connection) = listed.next().await? {
            tokens += connection.tokens.iter().filter(|t| !t.state.is_revoked()).count() as u64;
        }
        Ok(Audit {
            application: self.application().clone(),
            started_at: self.now(),
            fix,
            unused_days,
            tokens,
            asked: 0,
            connections: 0,
            findings: Vec::new(),
            after: None,
        })
    }

    /// Goes on with an audit by one connection. False: there is none left, and the audit has ended.
    ///
    /// # Errors
    /// [`RunError`]: `audit` is as it was before this connection, and can go on with it later.
    pub async fn audit_next(
        &self,
        scope: &OperatorScope,
        audit: &mut Audit,
        pace: Pace<'_>,
    ) -> Result<bool, RunError> {
        let next = self.listed(ConnectionFilter::All, audit.after).next().await?;
        let Some(connection) = next else {
            self.end_audit(scope, audit, pace).await?;
            return Ok(false);
        };
        let mut seen = Seen::default();
        for token in connection.tokens.iter().filter(|t| !t.state.is_revoked()) {
            self.audit_token(token.id, audit.fix, pace, &mut seen).await?;
        }
        let unused = Duration::from_secs(u64::from(audit.unused_days) * 24 * 3600);
        // A provisional connection may have become part of another one meanwhile, which has its turn.
        if let Some(now) = self.by_key(connection.key, None).await? {
            seen.findings.extend(drift(&now, &seen.alive, self.now(), unused));
        }
        audit.after = Some(connection.key);
        audit.connections += 1;
        audit.asked += seen.asked;
        audit.findings.append(&mut seen.findings);
        Ok(true)
    }

    async fn audit_token(
        &self,
        id: TokenId,
        fix: bool,
        pace: Pace<'_>,
        seen: &mut Seen,
    ) -> Result<(), RunError> {
        let Some((before, token)) = self.of_token(id).await? else { return Ok(()) };
        let secret = match self.inner.vault.secret(&token).await {
            Ok(Some(secret)) => secret,
            Ok(None) => return Ok(()),
            Err(StoreError::Unreadable { .. }) => {
                if fix {
                    self.note_unreadable(id).await?;
                }
                let found = self.of_token(id).await?;
                seen.findings
                    .extend(found.map(|(c, t)| Finding::of_token(&c, &t, Drift::SecretUnreadable)));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let asked = self.asks_about(&before);
        let answer = self.ask(&secret, pace).await?;
        seen.asked += 1;
        let Some((after, token)) = self.of_token(id).await? else { return Ok(()) };
        if answer.is_ok() && !token.state.is_revoked() {
            seen.alive.insert(token.facts.connection_id.clone());
        }
        let mut found = drift_of_token(&before, &after, id, answer.as_ref());
        if fix {
            self.observe(id, asked, answer.as_ref()).await?;
            // A token that is dead and marked so is put right; its customer connects again.
            if let Some(found) = &mut found {
                found.fixed = found.drift == Drift::DeadInUse;
            }
        }
        seen.findings.extend(found);
        Ok(())
    }

    /// The connection that holds a token, and the token.
    async fn of_token(&self, id: TokenId) -> Result<Option<(Connection, Token)>, StoreError> {
        let found = self.holding(id).await?;
        Ok(found.and_then(|c| c.token(id).cloned().map(|token| (c, token))))
    }

    /// What no connection shows: lost exchanges. With `fix`, one pass of the reconciler then goes on with
    /// what is open.
    async fn end_audit(
        &self,
        scope: &OperatorScope,
        audit: &mut Audit,
        pace: Pace<'_>,
    ) -> Result<(), RunError> {
        if audit.fix {
            self.reconcile_while(scope, Pass::Everything, pace.goes_on).await?;
            if !(pace.goes_on)() {
                return Err(RunError::Stopped);
            }
            for finding in audit.findings.iter_mut().filter(|f| !f.fixed) {
                let Some(token) = finding.token else { continue };
                let ended = self.of_token(token).await?.is_some_and(|(_, t)| t.state.is_revoked());
                finding.fixed = ended && !matches!(finding.drift, Drift::Vouched { .. });
            }
        }
        for lost in self.possible_orphans(scope).all().await? {
            audit.findings.push(Finding {
                drift: Drift::PossibleOrphan {
                    exchange: lost.exchange.0.0,
                    began_at: lost.began_at,
                },
                connection_id: lost.reauthenticates,
                provider_id: None,
                company_id: None,
                customers: vec![lost.customer],
                token: None,
                request_id: None,
                fixed: false,
            });
        }
        Ok(())
    }
}
