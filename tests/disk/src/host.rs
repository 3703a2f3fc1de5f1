//! The host of a trial: it connects, uses, disconnects and reconciles, and takes each answer for what
//! it says.

use std::{sync::Arc, time::Duration};

use finch_app::{
    BeginConnectError, CompleteConnectError, ConnectRequest, DisconnectError, Finch, KeysError,
    OpenFinchError, Pass, TokenError,
};
use finch_core::{ConnectionId, Flow, Product, StoreError, TokenStore};
use finch_sqlite::{OpenStoreError, SqliteTokenStore};
use finch_testkit::Intercepted;
use finch_tests::{customer, keys, operator};

use crate::{
    history,
    judge::{Broken, OrBroken as _},
    replay::Files,
    tape::Name,
    trial::{Bench, Day, settled},
    watched::WatchedFinch,
    witness::Witness,
};

pub(crate) struct Host<'a> {
    bench: &'a mut Bench,
    running: Option<(Finch, Arc<dyn TokenStore>)>,
}

impl<'a> Host<'a> {
    pub(crate) fn new(bench: &'a mut Bench) -> Self {
        Self { bench, running: None }
    }

    /// A part of the day, and then the process ends as it should. Days differ in what happens beside.
    pub(crate) async fn part(mut self, day: u64, part: usize) -> Result<Self, Broken> {
        if !Day::OPENS.contains(&part) {
            self.begin().await?;
        }
        self.bench.start_failing();
        match part {
            0 | 9 => self.begin().await?,
            1 => {
                self.connect(1, "one", "a", "x").await?;
                self.uses(1, "one", "a").await?;
            }
            2 => self.connect(1, "one", "a", "y").await?,
            3 => self.beside(day).await?,
            4 => {
                self.disconnect(1, "one", "a").await?;
                self.uses(1, "one", "a").await?;
            }
            5 => self.reconcile().await?,
            6 => {
                self.begin().await?;
                self.uses(1, "one", "a").await?;
                self.uses(2, "two", "b").await?;
            }
            7 => self.connect(1, "one", "a", "x").await?,
            _ => {
                self.disconnect(2, "two", "b").await?;
                self.reconcile().await?;
            }
        }
        Ok(self)
    }

    async fn beside(&mut self, day: u64) -> Result<(), Broken> {
        match day % 4 {
            0 => self.connect(2, "two", "b", "x").await,
            // Another customer of the same employer, and a disconnect that Finch does not answer.
            1 => {
                self.connect(1, "two", "b", "z").await?;
                self.bench.finch.fail_next(lost());
                self.disconnect(1, "two", "b").await?;
                self.uses(1, "two", "b").await
            }
            // An employer that Finch names later: two connections become one.
            2 => {
                self.bench.finch.hide_company(true);
                self.connect(2, "two", "b", "x").await?;
                self.bench.finch.hide_company(false);
                self.connect(2, "two", "b", "y").await
            }
            // An exchange whose answer is lost, and one that follows.
            _ => {
                self.bench.finch.lose_next_answer();
                self.connect(2, "two", "b", "x").await?;
                self.connect(2, "two", "b", "x").await
            }
        }
    }

    /// Opens the store; once more if that fails.
    async fn begin(&mut self) -> Result<(), Broken> {
        for _ in 0..2 {
            match self.open() {
                Ok(store) => {
                    let (disk, book) = (self.bench.disk.clone(), self.bench.book.clone());
                    let finch = self.bench.finch.clone();
                    let api = Arc::new(WatchedFinch::new(finch, disk.clone(), book.clone()));
                    let witness = Witness::new(disk, book);
                    let store = Arc::new(Intercepted::new(witness, Arc::new(store)));
                    let system = self.bench.system.clone();
                    let app = Finch::builder(api, store.clone(), keys()).system(system).open();
                    match app.await {
                        Ok(app) => {
                            settled(&*store, self.bench).await;
                            self.running = Some((app, store));
                            return Ok(());
                        }
                        Err(OpenFinchError::Keys(KeysError::Store(error))) => {
                            self.note_error(&error)?
                        }
                        Err(error) => return Err(error).or_broken("the application"),
                    }
                }
                Err(error) => self.bench.note_error(opening(&error), &error)?,
            }
        }
        Ok(())
    }

    fn open(&self) -> Result<SqliteTokenStore, OpenStoreError> {
        let options = history::options(self.bench.folder.path());
        SqliteTokenStore::open(options.busy_timeout(Duration::from_millis(1)))
    }

    /// The files as they stand.
    pub(crate) fn files(&self) -> Result<Files, Broken> {
        let mut files = Files::new();
        for name in [Name::Database, Name::Log] {
            let path = self.bench.folder.path().join(name.file());
            if path.exists() {
                files.insert(name, std::fs::read(path).or_broken("a copy")?);
            }
        }
        Ok(files)
    }

    fn app(&self) -> Option<Finch> {
        self.running.as_ref().map(|(app, _)| app.clone())
    }

    async fn settled(&self) {
        if let Some((_, store)) = &self.running {
            settled(&**store, self.bench).await;
        }
    }

    async fn connect(
        &mut self,
        who: u8,
        provider: &str,
        company: &str,
        login: &str,
    ) -> Result<(), Broken> {
        let Some(app) = self.app() else { return Ok(()) };
        let request = ConnectRequest::new("A customer", vec![Product::Company], Flow::Embedded);
        let begun = match app.begin_connect(&customer(who), request).await {
            Ok(begun) => begun,
            Err(BeginConnectError::Store(error)) => return self.note_error(&error),
            Err(error) => return Err(error).or_broken("begin"),
        };
        let finch = &self.bench.finch;
        let code = match &begun.reauthenticates {
            Some(existing) => finch.login_again(existing),
            None => Some(finch.login(provider, company, login, begun.finch_customer_id.as_ref())),
        };
        let Some(code) = code else { return Ok(()) };
        for _ in 0..2 {
            let scope = customer(who);
            match app.complete_connect(&scope, begun.state.clone(), code.clone()).await {
                // Not known: asked again, as the error says.
                Err(CompleteConnectError::Store(error)) => self.note_error(&error)?,
                Err(CompleteConnectError::CutOff | CompleteConnectError::InProgress) => {}
                Err(CompleteConnectError::NotStored { token, source }) => {
                    self.bench.handed_back.insert(token.token.expose().to_owned());
                    self.note_error(&source)?;
                    break;
                }
                Ok(_) | Err(CompleteConnectError::Unknown(_)) => break,
                Err(error) => return Err(error).or_broken("complete"),
            }
        }
        self.settled().await;
        Ok(())
    }

    /// A handle of the connection: of the live one, or of the last one.
    fn handle(&mut self, provider: &str, company: &str) -> Option<ConnectionId> {
        for (_, id, provider, company) in self.bench.finch.alive() {
            self.bench.handles.insert((provider.to_string(), company.to_string()), id);
        }
        self.bench.handles.get(&(provider.to_owned(), company.to_owned())).cloned()
    }

    async fn uses(&mut self, who: u8, provider: &str, company: &str) -> Result<(), Broken> {
        let Some((app, id)) = self.app().zip(self.handle(provider, company)) else {
            return Ok(());
        };
        match app.access_token(&customer(who), &id, &[]).await {
            Ok(token) => self.bench.is_handed(token.secret.expose()),
            Err(TokenError::Store(error)) => self.note_error(&error),
            Err(_) => Ok(()),
        }
    }

    async fn disconnect(&mut self, who: u8, provider: &str, company: &str) -> Result<(), Broken> {
        let Some((app, id)) = self.app().zip(self.handle(provider, company)) else {
            return Ok(());
        };
        match app.disconnect(&customer(who), id).await {
            Ok(_) | Err(DisconnectError::NotFound) => {}
            Err(DisconnectError::Store(error)) => self.note_error(&error)?,
            Err(error) => return Err(error).or_broken("disconnect"),
        }
        self.settled().await;
        Ok(())
    }

    async fn reconcile(&mut self) -> Result<(), Broken> {
        let Some(app) = self.app() else { return Ok(()) };
        self.bench.system.pass(Duration::from_secs(24 * 3600));
        if let Err(error) = app.reconcile(&operator(), Pass::Everything).await {
            self.note_error(&error)?;
        }
        self.settled().await;
        Ok(())
    }

    fn note_error(&mut self, error: &StoreError) -> Result<(), Broken> {
        let what = match error {
            StoreError::Moved => "Moved",
            StoreError::Unreadable { .. } => "Unreadable",
            StoreError::Busy => "Busy",
            StoreError::Full => "Full",
            StoreError::ReadOnly => "ReadOnly",
            StoreError::Corrupt(_) => "Corrupt",
            StoreError::Backend(_) => "Backend",
            _ => "something new",
        };
        self.bench.note_error(what, error)
    }
}

fn opening(error: &OpenStoreError) -> &'static str {
    match error {
        OpenStoreError::Busy { .. } => "Busy",
        OpenStoreError::Full { .. } => "Full",
        OpenStoreError::ReadOnly { .. } => "ReadOnly",
        OpenStoreError::Corrupt { .. } => "Corrupt",
        OpenStoreError::NotAStore { .. } => "NotAStore",
        OpenStoreError::Missing { .. } => "Missing",
        OpenStoreError::System { .. } => "Backend",
        _ => "another refusal",
    }
}

fn lost() -> finch_core::FinchApiError {
    finch_core::FinchApiError::NoAnswer { problem: "timed out".into(), sent: true }
}
