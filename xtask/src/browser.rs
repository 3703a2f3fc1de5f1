//! The browser of the tests: what they need of the machine, installed where that is possible.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::step::{Failure, say};
use crate::workspace::root;

/// Debian's names.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];
/// What looks through the pages, and for which version of it.
const AXE: &str = "axe-core@4.14.1";

/// Installs what is missing. What cannot be installed is said, and its tests say that they did not run;
/// where they are required, that is a failure.
pub(crate) fn install() -> Result<(), Failure> {
    let required = env::var_os("FINCH_BROWSER").is_some_and(|value| value == "required");
    let missing: Vec<String> = [browser(), axe()].into_iter().filter_map(Result::err).collect();
    match required && !missing.is_empty() {
        true => Err(Failure::Problems(missing)),
        false => missing.iter().try_for_each(|line| say(&format!("! {line}"))),
    }
}

fn browser() -> Result<(), String> {
    if runs("chromedriver", &["--version"]) && runs("chromium", &["--version"]) {
        return Ok(());
    }
    let way_out = "install chromium and chromedriver (Debian: apt install chromium \
        chromium-driver), or the tests in a browser do not run";
    if !runs("apt-get", &["--version"]) {
        return Err(format!("There is no chromedriver: {way_out}."));
    }
    let install = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let mut packages = vec!["install", "--yes", "--no-install-recommends"];
    packages.extend(PACKAGES);
    let installed = install(&packages) || (install(&["update"]) && install(&packages));
    match installed {
        true => Ok(()),
        false => Err(format!("apt-get could not install chromedriver: {way_out}.")),
    }
}

fn axe() -> Result<(), String> {
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let folder = folder.join("browser");
    if folder.join("package/axe.min.js").is_file() {
        return Ok(());
    }
    let way_out = "npm fetches it, from its registry; without it no page is looked through";
    let pack = format!("npm pack --silent {AXE}");
    let unpacked = std::fs::create_dir_all(&folder).is_ok()
        && in_folder(&folder, &["npm", "pack", "--silent", AXE])
        && in_folder(&folder, &["tar", "xzf", &format!("{}.tgz", AXE.replace('@', "-"))]);
    match unpacked {
        true => Ok(()),
        false => Err(format!("There is no axe-core ({pack}): {way_out}.")),
    }
}

fn in_folder(folder: &Path, command: &[&str]) -> bool {
    let [program, arguments @ ..] = command else { return false };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
