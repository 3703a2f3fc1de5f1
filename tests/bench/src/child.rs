//! Servers in processes of their own, so that their CPU time and memory are theirs alone.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// What it said of itself when it was ready.
    pub(crate) ready: Value,
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// `finch emulator`.
    pub(crate) fn emulator(binary: &Path) -> Self {
        Self::start(Command::new(binary).args(["emulator", "--port", "0", "--json"]))
    }

    /// The bare server, with the content of this file for every answer.
    pub(crate) fn bare(body: &Path) -> Self {
        Self::start(Command::new(env::current_exe().unwrap()).arg("serve").arg(body))
    }

    /// Waits until it has printed a JSON value.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        let ready = loop {
            assert_ne!(output.read_line(&mut said).unwrap(), 0, "it ended: {said}");
            if let Ok(ready) = serde_json::from_str(&said) {
                break ready;
            }
        };
        Self { child, ready, _output: output }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn says(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        self.says("url")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
