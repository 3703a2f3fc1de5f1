//! Known weaknesses of what we depend on. That list changes every day and comes over the network, so it is
//! no step of CI's own: a commit that was good does not become bad there.

use std::process::{Command, Stdio};

use crate::cargo;
use crate::step::{Failure, say};

/// The tools that know, the better one first, and how they are asked.
const TOOLS: [(&str, &[&str]); 2] = [
    ("deny", &["deny", "check", "advisories", "bans", "licenses", "sources"]),
    ("audit", &["audit"]),
];

/// Asks the first tool that is there.
///
/// # Errors
/// None is there, it found something, or it could not reach its list: it has said which.
pub(crate) fn check() -> Result<(), Failure> {
    match choose(is_installed) {
        Some(arguments) => {
            say(&format!("cargo {} (needs a network)", arguments.join(" ")))?;
            cargo::run(arguments, &[])
        }
        None => Err(Failure::Problems(vec![
            "Advisories were NOT checked: neither cargo-deny nor cargo-audit is installed.".to_owned(),
            "To install one: cargo install --locked cargo-deny (or cargo-audit); both need a network."
                .to_owned(),
        ])),
    }
}

fn choose(is_there: impl Fn(&str) -> bool) -> Option<&'static [&'static str]> {
    TOOLS.iter().find(|(name, _)| is_there(name)).map(|(_, arguments)| *arguments)
}

fn is_installed(name: &str) -> bool {
    let version = Command::new(format!("cargo-{name}"))
        .args([name, "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_tool_is_asked_first_and_none_is_said() {
        assert_eq!(choose(|_| true).unwrap()[..2], ["deny", "check"]);
        assert_eq!(choose(|name| name == "audit").unwrap(), ["audit"]);
        assert!(choose(|_| false).is_none());
        assert!(!is_installed("no-such-tool-as-this"));
    }
}
