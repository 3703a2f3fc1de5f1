//! A disk that fills up while a token is on its way: the token comes back in a file.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use finch_emulator::Fault;
use serde_json::Value;
use tempfile::TempDir;

use finch_testkit::{Chance, seed_base};

use crate::{
    action::{Action, Ready},
    app::App,
    case::note,
    end::{LATER, end},
    look::{is_rescue_file, rescued},
    promises::broken,
    run::{Ended, Ran, command, gather, start},
    secrets::leaks,
    stage::Stage,
};

/// A small file system in memory, which goes when this does.
struct Disk {
    at: TempDir,
}

impl Disk {
    /// None: this user may not mount anything.
    fn mount() -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs"]).arg(at.path());
        mount.output().ok()?.status.success().then_some(Self { at })
    }

    fn path(&self) -> &Path {
        self.at.path()
    }

    /// Fills the disk up, and leaves so much.
    fn fill(&self, leave: u64) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length - leave).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.at.path()).output();
    }
}

/// Runs an exchange; the disk is full, but for `leave`, by the time Finch answers.
fn exchange_on(disk: &Disk, stage: &Stage, ready: &Ready, leave: u64) -> (Ran, PathBuf) {
    let (began, log) = (Instant::now(), stage.scratch("steps"));
    stage.fault(Fault::on("/auth/token").delay(Duration::from_millis(500)));
    let child = start(command(stage, &log), &ready.arguments, &ready.input);
    while stage.count("POST /auth/token") == ready.count("POST /auth/token") {
        assert!(began.elapsed() < Duration::from_secs(60), "the call never came");
        thread::sleep(Duration::from_millis(1));
    }
    let filler = disk.fill(leave);
    let ran = gather(child, &log, began, false);
    stage.heard(&ran.out);
    stage.heard(&ran.err);
    (ran, filler)
}

/// What became of the token: whether it was rescued into a file.
fn full(leave: u64) -> Option<bool> {
    let disk = Disk::mount()?;
    let mut chance = Chance::new(seed_base());
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let stage = Stage::in_folder(&mut chance, folder);
    let ready = Action::First.prepare(&stage, &mut chance);
    let (ran, filler) = exchange_on(&disk, &stage, &ready, leave);
    note(&stage, Action::First, &ready, &ran);
    let was_rescued = ran.ended == Ended::Code(8);
    if was_rescued {
        let said: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(said["error"]["kind"], "not_stored", "{said}");
        let named = PathBuf::from(said["error"]["rescue_file"].as_str().unwrap());
        let files: Vec<_> = stage.files().into_iter().filter(|path| is_rescue_file(path)).collect();
        assert_eq!(files, std::slice::from_ref(&named));
        let mode = fs::metadata(&named).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let issued = stage.truth().tokens.last().unwrap().fingerprint.clone();
        assert!(rescued(&stage).contains(&issued), "the file holds another token");
        // From now on it must not be lost either.
        stage.ledger.borrow_mut().kept.insert(issued);
    } else {
        assert_eq!(ran.ended, Ended::Code(0), "{ran:?}");
    }
    fs::remove_file(filler).unwrap();
    stage.clear_faults();
    stage.pass(LATER);
    let mut found = leaks(&stage);
    let app = App::open(&stage);
    found.extend(broken(&stage, &app).1);
    found.extend(end(&stage, &app, &mut chance));
    drop(app);
    found.extend(leaks(&stage));
    assert!(found.is_empty(), "{leave} bytes left: {found:#?}");
    Some(was_rescued)
}

#[test]
fn a_full_disk_loses_no_token() {
    let results = thread::scope(|scope| {
        let each = [0, 4096, 16 * 4096, 128 * 4096].map(|leave| scope.spawn(move || full(leave)));
        each.map(|thread| thread.join().unwrap())
    });
    let Some(rescued) = results.into_iter().collect::<Option<Vec<_>>>() else {
        println!("skipped: a full disk needs the right to mount a tmpfs, which this user lacks");
        return;
    };
    assert!(rescued[0], "nothing was rescued from a full disk");
    assert!(!rescued[3], "half a megabyte is room enough for a token");
}
