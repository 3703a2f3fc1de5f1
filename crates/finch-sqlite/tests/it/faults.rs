//! Files that are not what was written: cut off, with a byte changed, with another store's journal, on a
//! disk without room. A typed error, or right answers, or bytes that do not open.

use std::{collections::BTreeMap, fs, process::Command};

use finch_core::{ConnectionFilter, StoreError, Timestamp, TokenQuery, TokenStore as _};
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreProblem as P, examine};
use finch_testkit::{Chance, application, facts, grant, sealed, store_token};
use tempfile::TempDir;

use crate::support::{EVERYTHING, Home, by_id, end, fence, private, token};

const CUSTOMERS: [&str; 3] = ["acme", "globex", "initech"];
const TOKENS: usize = 24;

/// The secrets differ in many bytes: a change of one makes none of them another one.
fn secret(n: usize) -> String {
    format!("secret-of-{:016x}", random(n as u64))
}

/// A store with tokens of several customers, a fence, and an end; closed.
async fn written(home: &Home) -> Vec<u8> {
    let store = home.open();
    for n in 0..TOKENS {
        let name = format!("t{n}");
        store_token(&store, CUSTOMERS[n % 3], grant(&secret(n), facts(&name, "gusto", &name)))
            .await;
    }
    store.commit(fence(&by_id(&store, "t22").await)).await.unwrap();
    end(&store, "t23").await;
    drop(store);
    fs::read(&home.path).unwrap()
}

/// What all reads of a store came to. Bytes that are not those of the token do not open as its secret.
async fn read(store: &SqliteTokenStore) -> BTreeMap<&'static str, usize> {
    let mut seen = BTreeMap::new();
    let mut count = |what| *seen.entry(what).or_default() += 1;
    for n in 0..TOKENS {
        let (who, id) = (CUSTOMERS[n % 3].parse().unwrap(), format!("t{n}").parse().unwrap());
        match store.usable_token(&who, &id, &TokenQuery::default()).await {
            Ok(Some(found)) => {
                let is_right = found.sealed == sealed(&secret(n), finch_core::SealedAs::Usable, 1);
                count(if is_right { "right" } else { "damaged" });
            }
            Ok(None) => count("none"),
            Err(error) => count(typed(&error)),
        }
    }
    let listed = finch_testkit::connections(store, None).await;
    for token in listed.iter().flatten().flat_map(|connection| &connection.tokens) {
        store.sealed(token.id).await.err().iter().for_each(|error| count(typed(error)));
    }
    for failed in [
        listed.err(),
        store.events(&EVERYTHING).await.err(),
        store.connections(&ConnectionFilter::Due(None), None, 100).await.err(),
        store.possible_orphans(None, Timestamp::MAX, None, 100).await.err(),
    ] {
        failed.iter().for_each(|error| count(typed(error)));
    }
    seen
}

fn typed(error: &StoreError) -> &'static str {
    assert!(!format!("{error:?}").contains("secret-of"), "{error:?}");
    match error {
        StoreError::Corrupt(_) | StoreError::Unreadable { .. } => "damaged",
        other => panic!("not what a changed byte is: {other:?}"),
    }
}

/// The same number for the same `n`.
fn random(n: u64) -> u64 {
    Chance::new(n).next_u64()
}

#[tokio::test]
async fn a_thousand_changed_bytes_are_noticed_or_harmless() {
    let origin = Home::new();
    let whole = written(&origin).await;
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for n in 0..1000 {
        let home = Home::fast();
        let mut changed = whole.clone();
        let place = (random(2 * n) % whole.len() as u64) as usize;
        changed[place] ^= (random(2 * n + 1) % 255 + 1) as u8;
        private(&home.path, &changed);
        drop(examine(&home.path));
        assert!(fs::read(&home.path).unwrap() == changed, "{n}: examining it has changed the file");
        let outcome = match home.existing() {
            Err(error) => {
                assert_ne!(error.problem, P::System, "{n}: byte {place}: {error:?}");
                assert!(fs::read(&home.path).unwrap() == changed, "{n}: {error}");
                "refused"
            }
            Ok(store) => {
                let seen = read(&store).await;
                // The fenced one and the ended one are not handed out, as it should be.
                let wrong = seen.contains_key("damaged");
                match (wrong, seen.get("right")) {
                    (true, _) => "damage found when read",
                    (false, Some(right)) if *right == TOKENS - 2 => "every token right",
                    _ => "some tokens not found",
                }
            }
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("1,000 changed bytes of {}: {outcomes:?}", whole.len());
    assert!(outcomes["refused"] > 0 && outcomes["damage found when read"] > 0, "{outcomes:?}");
}

#[tokio::test]
async fn a_store_that_is_cut_off_anywhere_is_refused() {
    let origin = Home::new();
    let whole = written(&origin).await;
    let home = Home::fast();
    let boundaries = (1..whole.len() / 4096).map(|pages| pages * 4096);
    let lengths = boundaries.flat_map(|at| [at - 1, at, at + 1, at + 512, at + 4095]);
    for length in lengths.chain([1, 15, 16, 99, 100, 511, 512]) {
        private(&home.path, &whole[..length]);
        let error = home.existing().expect_err("cut off");
        let known = matches!(error.problem, P::Corrupt(_) | P::NotAStore);
        assert!(known, "{length} of {}: {error:?}", whole.len());
        assert_eq!(fs::read(&home.path).unwrap().len(), length, "{error}");
        assert!(!home.beside("-wal").exists(), "{length}");
    }
}

#[tokio::test]
async fn a_journal_of_another_store_is_noticed_or_harmless() {
    let origin = Home::new();
    let whole = written(&origin).await;
    let other = Home::fast();
    let store = other.open();
    store_token(&store, "acme", token("u1")).await;
    let journal = fs::read(other.beside("-wal")).unwrap();
    assert!(!journal.is_empty());
    let home = Home::fast();
    private(&home.path, &whole);
    private(&home.beside("-wal"), &journal);
    match home.existing() {
        Err(error) => {
            assert_ne!(error.problem, P::System, "{error:?}");
            assert!(fs::read(&home.path).unwrap() == whole, "{error}");
            assert!(fs::read(home.beside("-wal")).unwrap() == journal, "{error}");
        }
        Ok(store) => {
            read(&store).await;
        }
    }
}

/// A small file system in memory. None: this user may not mount one.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs"]).arg(at.path());
        mount.output().ok()?.status.success().then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_has_no_half_of_a_backup_or_a_store() {
    let Some(disk) = Disk::mount() else {
        println!("skipped: a full disk needs the right to mount a tmpfs, which this user lacks");
        return;
    };
    let home = Home::new();
    written(&home).await;
    let store = home.open();
    let whole = home.at("whole");
    store.backup(&whole, |_, _| {}).await.unwrap();
    let folder = disk.0.path().canonicalize().unwrap();
    fs::write(folder.join("filler"), vec![1; 200 << 10]).unwrap();
    let refused = store.backup(&folder.join("b"), |_, _| {}).await.expect_err("no room");
    assert_eq!((refused.path, refused.problem), (folder.join("b"), P::Full));
    let options = SqliteOptions::new(folder.join("new.db"), application());
    let refused = finch_sqlite::restore(&whole, &options, |_, _| {}).expect_err("no room");
    assert_eq!((refused.path, refused.problem), (options.path, P::Full));
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["filler"]);
}
