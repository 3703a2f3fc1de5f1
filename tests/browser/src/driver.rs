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
    /// Starts one on a free port. None, with a message: this machine has none, and it is not required.
    ///
    /// # Panics
    /// If there is none although `FINCH_BROWSER` is `required`, or if it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        // For port 0 it has the system choose a port of `::1`, wants the same one of `127.0.0.1`, and exits where
        // that is taken; another start chooses another port.
        for _ in 0..10 {
            let mut command = Command::new("chromedriver");
            command.arg("--port=0").stdin(Stdio::null()).stderr(Stdio::null());
            let mut child = match command.stdout(Stdio::piped()).spawn() {
                Ok(child) => child,
                Err(error) if is_required() => panic!("chromedriver does not start: {error}"),
                Err(_) => {
                    eprintln!("NOT RUN: there is no chromedriver. `cargo xtask test` says more.");
                    return None;
                }
            };
            let mut output = BufReader::new(child.stdout.take().expect("its output"));
            let lines = output.by_ref().lines().map_while(Result::ok);
            let port = lines.filter_map(|line| {
                let (_, port) = line.rsplit_once("successfully on port ")?;
                port.trim_end_matches('.').parse().ok()
            });
            if let Some(port) = { port }.next() {
                return Some(Self { child, port, _output: output });
            }
            let _ = child.wait();
        }
        panic!("chromedriver finds no port");
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
