//! A host on a disk: its store, and what the test keeps outside, which no power loss and no fault touches.

use std::{path::Path, sync::Arc};

use finch_app::{Finch, OpenFinchError};
use finch_core::{FinchApi, TokenStore};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{FakeFinch, Intercepted, application};
use finch_tests::{TestSystem, World, folder, keys};
use tempfile::TempDir;

use crate::{
    disk::Disk,
    image::Image,
    judge::{Broken, OrBroken as _},
    ledger::{Book, Ledger},
    tape::Tape,
    witness::Witness,
};

pub(crate) struct Host {
    pub(crate) folder: TempDir,
    pub(crate) disk: Arc<Disk>,
    pub(crate) book: Book,
    pub(crate) finch: Arc<FakeFinch>,
    pub(crate) system: Arc<TestSystem>,
}

impl Host {
    /// A host that finds this on its disk, which is taped from now on.
    pub(crate) fn over(
        image: &Image,
        ledger: &Ledger,
        finch: &FakeFinch,
        system: Arc<TestSystem>,
    ) -> Result<Self, Broken> {
        let folder = folder();
        image.write(folder.path()).or_broken("the files")?;
        let disk = Disk::mount(folder.path());
        let (book, finch) = (Book::from(ledger.clone()), Arc::new(finch.copy()));
        Ok(Self { folder, disk, book, finch, system })
    }

    /// The application over its store, whose answers a witness notes.
    pub(crate) async fn wire(
        &self,
        store: SqliteTokenStore,
    ) -> Result<(World, Arc<Intercepted<Witness>>), OpenFinchError> {
        let witness = Witness::new(self.disk.clone(), self.book.clone(), self.finch.clone());
        let store = Arc::new(Intercepted::new(witness, Arc::new(store)));
        let (finch, system) = (self.finch.clone(), self.system.clone());
        let app = open_finch(finch.clone(), store.clone(), system.clone()).await?;
        Ok((World::of(finch, store.clone(), app, system), store))
    }

    /// Its disk is watched no longer: what was done to it.
    pub(crate) fn leave(&self) -> Tape {
        self.disk.unmount()
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

pub(crate) fn options(folder: &Path) -> SqliteOptions {
    SqliteOptions::create(folder.join("finch.db"), application())
}

pub(crate) async fn open_finch(
    api: Arc<dyn FinchApi>,
    store: Arc<dyn TokenStore>,
    system: Arc<TestSystem>,
) -> Result<Finch, OpenFinchError> {
    Finch::builder(api, store, keys()).system(system).open().await
}
