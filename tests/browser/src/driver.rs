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
        loop {
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
            let started =
                output.by_ref().lines().map_while(Result::ok).find_map(|line| said(&line));
            match started {
                Some(Said::Listens(port)) => return Some(Self { child, port, _output: output }),
                Some(Said::PortTaken) => drop(child.wait()),
                None => panic!("chromedriver ended at once: {:?}", child.wait()),
            }
        }
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

/// How a start of ChromeDriver went.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Listens(u16),
    /// For port 0 it has the system choose a port of `::1`, wants the same one of `127.0.0.1`, and
    /// exits where that is taken; another start chooses another port.
    PortTaken,
}

fn said(line: &str) -> Option<Said> {
    if line.ends_with("port not available. Exiting...") {
        return Some(Said::PortTaken);
    }
    let (_, port) = line.rsplit_once("successfully on port ")?;
    port.trim_end_matches('.').parse().ok().map(Said::Listens)
}

#[cfg(test)]
mod tests {
    use super::{Said, said};

    #[test]
    fn a_start_goes_on_another_port_where_one_is_taken() {
        let listens = "ChromeDriver was started successfully on port 35037.";
        assert_eq!(said(listens), Some(Said::Listens(35037)));
        assert_eq!(said("IPv4 port not available. Exiting..."), Some(Said::PortTaken));
        assert_eq!(said("Only local connections are allowed."), None);
    }
}
