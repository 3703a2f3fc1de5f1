//! One run of the binary, and what it leaves behind.

use std::{
    fs,
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{stage::Stage, steps::Kill};

/// The kill switch: a library for `LD_PRELOAD`, built by the first run that needs it.
static SWITCH: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kill/switch.c");
    // Another test run may load the old one at this moment.
    let (built, switch) =
        (folder.join(format!("switch-{}.so", std::process::id())), folder.join("switch.so"));
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
    let status = compiler.arg(&built).arg(source).arg("-ldl").status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the kill switch does not build: {compiler:?}"
    );
    fs::rename(built, &switch).unwrap();
    switch
});

/// No run needs as long; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run that was to die at a step that it does not reach soon dies then, from outside. (A call that
/// Finch does not answer as it should is repeated after half a second.)
pub(crate) const SOON: Duration = Duration::from_millis(400);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Code(i32),
    /// At the chosen step.
    ByTheSwitch,
    /// From outside.
    FromOutside,
}

/// What a run has left behind.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) ended: Ended,
    pub(crate) out: String,
    pub(crate) err: String,
    /// Every step that touched the world, in order.
    pub(crate) steps: Vec<String>,
    pub(crate) took: Duration,
}

impl Ran {
    /// The one document on standard output, if it was printed to its end: then it is a promise, even
    /// if the process was killed after it.
    pub(crate) fn document(&self) -> Option<Value> {
        self.out.ends_with('\n').then(|| serde_json::from_str(&self.out).unwrap())
    }

    pub(crate) fn killed(&self) -> bool {
        !matches!(self.ended, Ended::Code(_))
    }

    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.ended, Ended::Code(code), "{self:?}");
        self
    }
}

/// The binary, ready to start: its environment is the stage's, and the switch is in it.
pub(crate) fn command(stage: &Stage, log: &Path) -> Command {
    let binary = std::env::var_os("FINCH_BIN");
    let mut command = match &binary {
        Some(other) => Command::new(other),
        None => Command::new(env!("CARGO_BIN_EXE_finch")),
    };
    command.env_clear().current_dir(stage.folder()).envs(stage.environment());
    command.env("LD_PRELOAD", &*SWITCH).env("FINCH_SWITCH_LOG", log);
    command.env("FINCH_SWITCH_CLOCK", stage.clock.ahead().as_secs().to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it with this on standard input.
pub(crate) fn start(mut command: Command, arguments: &[String], input: &str) -> Child {
    let mut child = command.args(arguments).spawn().expect("it starts");
    // The write fails where the process has ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

/// Runs it, and kills it as asked.
pub(crate) fn run(stage: &Stage, arguments: &[String], input: &str, kill: &Kill) -> Ran {
    let log = stage.scratch("steps");
    let _ = fs::remove_file(&log);
    let mut command = command(stage, &log);
    if let Kill::At(step, how) = kill {
        command.env("FINCH_SWITCH_AT", step);
        command.env("FINCH_SWITCH_HOW", format!("{how:?}").to_lowercase());
    }
    let seen = || if let Kill::Call(call) = kill { stage.count(call) } else { 0 };
    let before = seen();
    let began = Instant::now();
    let mut child = start(command, arguments, input);
    let deadline = match kill {
        Kill::After(time) => *time,
        Kill::At(..) | Kill::Call(..) if stage.has_faults() => SOON,
        _ => PATIENCE,
    };
    let mut from_outside = false;
    while child.try_wait().unwrap().is_none() {
        let seen = seen() > before;
        if seen || began.elapsed() >= deadline {
            assert!(deadline < PATIENCE || seen, "it hangs: {arguments:?}");
            child.kill().unwrap();
            from_outside = true;
            break;
        }
        let left = deadline.saturating_sub(began.elapsed());
        thread::sleep(left.min(Duration::from_micros(500)));
    }
    gather(child, &log, began, from_outside)
}

/// Waits for the end, and takes in what was said and done.
pub(crate) fn gather(mut child: Child, log: &Path, began: Instant, from_outside: bool) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    // What a killed process has said may end within a character.
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(out), text(err));
    let status = child.wait().unwrap();
    let mut steps: Vec<String> =
        fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect();
    assert!(
        !steps.is_empty() || from_outside,
        "the kill switch was not loaded: is LD_PRELOAD forbidden here, or the binary linked \
         statically (musl)? {err}"
    );
    let by_the_switch = steps.iter().any(|step| step == "killed");
    steps.retain(|step| step != "killed");
    let ended = match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, Some(9)) if by_the_switch => Ended::ByTheSwitch,
        (None, Some(9)) if from_outside => Ended::FromOutside,
        _ => panic!("it ended with {status}: {err}"),
    };
    assert!(!err.contains("panicked"), "{err}");
    Ran { ended, out, err, steps, took: began.elapsed() }
}
