//! ChromeDriver in a process of its own.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A ChromeDriver that runs until it is dropped.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    port: u16,
    /// Kept open, since it may say more.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts one on a free port. None: this machine has none, and nobody requires it; it says so.
    ///
    /// # Panics
    /// If there is none although `FINCH_BROWSER` is `required`, or if it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) if is_required() => panic!("chromedriver does not start: {error}"),
            Err(_) => {
                eprintln!("NOT RUN: there is no chromedriver. `cargo xtask test` says more.");
                return None;
            }
        };
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let port = output.by_ref().lines().map_while(Result::ok).find_map(|line| port(&line));
        let port = port.expect("chromedriver says on which port it listens");
        Some(Self { child, port, _output: output })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether what is missing is an error.
pub(crate) fn is_required() -> bool {
    env::var_os("FINCH_BROWSER").is_some_and(|value| value == "required")
}

/// From "ChromeDriver was started successfully on port 35037."
fn port(line: &str) -> Option<u16> {
    line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
}
