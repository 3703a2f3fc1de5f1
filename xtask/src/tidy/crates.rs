//! Rules for crates: each has the workspace's lints, which forbid `unsafe`, and a README.

use toml::{Table, Value};

use crate::workspace::TextFile;

/// The one crate that calls C, and so has lints of its own: the workspace's, but for `unsafe_code`.
const CALLS_C: &str = "tests/disk/Cargo.toml";

pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    let workspace = files.iter().find(|file| file.path == "Cargo.toml");
    let workspace: Table = workspace.and_then(|file| file.text.parse().ok()).unwrap_or_default();
    let mut lints = workspace.get("workspace").and_then(|it| it.get("lints")).cloned();
    if unsafe_code(&mut lints) != Some("forbid".into()) {
        problems.push("Cargo.toml: `unsafe_code` is not forbidden".to_owned());
    }
    for manifest in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let path = &manifest.path;
        let table: Table = manifest.text.parse().unwrap_or_default();
        if !table.contains_key("package") {
            continue;
        }
        let mut own = table.get("lints").cloned();
        let inherited = own.as_ref().and_then(|lints| lints.get("workspace"));
        let inherited = inherited == Some(&Value::Boolean(true));
        let excused = path == CALLS_C && {
            unsafe_code(&mut own);
            own == lints
        };
        if !inherited && !excused {
            problems.push(format!("{path}: its lints are not the workspace's"));
        }
        let readme = path.replace("Cargo.toml", "README.md");
        if !files.iter().any(|file| file.path == readme) {
            problems.push(format!("{readme}: is missing"));
        }
    }
    problems
}

/// Takes the level of `unsafe_code` out of the lints.
fn unsafe_code(lints: &mut Option<Value>) -> Option<Value> {
    lints.as_mut()?.get_mut("rust")?.as_table_mut()?.remove("unsafe_code")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    const WORKSPACE: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\na = \"warn\"\n\
        [workspace.lints.clippy]\nb = \"warn\"\n";
    const OWN: &str = "[package]\n[lints.rust]\nunsafe_code = \"warn\"\na = \"warn\"\n\
        [lints.clippy]\nb = \"warn\"\n";

    fn found(workspace: &str, path: &str, manifest: &str) -> Vec<String> {
        let readme = path.replace("Cargo.toml", "README.md");
        check(&[file("Cargo.toml", workspace), file(path, manifest), file(&readme, "")])
    }

    #[test]
    fn a_crate_has_the_workspaces_lints_and_a_readme() {
        let inherits = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n";
        assert!(found(WORKSPACE, "a/Cargo.toml", inherits).is_empty());
        for other in [
            "[package]\n",
            "[package]\n[lints]\nworkspace = false\n",
            "[package]\n[lints]\n[a]\nworkspace = true\n",
            OWN,
        ] {
            let problem = ["a/Cargo.toml: its lints are not the workspace's"];
            assert_eq!(found(WORKSPACE, "a/Cargo.toml", other), problem, "{other}");
        }
        let elsewhere =
            [file("Cargo.toml", WORKSPACE), file("a/Cargo.toml", inherits), file("README.md", "")];
        assert_eq!(check(&elsewhere), ["a/README.md: is missing"]);
    }

    #[test]
    fn the_crate_that_calls_c_has_the_other_lints() {
        assert!(found(WORKSPACE, CALLS_C, OWN).is_empty());
        for other in [OWN.replace("b = ", "c = "), OWN.replace("a = \"warn\"\n", "")] {
            assert_eq!(found(WORKSPACE, CALLS_C, &other).len(), 1, "{other}");
        }
        assert!(!CALLS_C.starts_with("crates/"), "no published crate is excused");
    }

    #[test]
    fn a_workspace_is_no_crate_and_forbids_unsafe_code() {
        for weaker in [
            WORKSPACE.replace("forbid", "deny"),
            WORKSPACE.replace("unsafe_code", "# unsafe_code"),
            WORKSPACE.replace(".rust", ".clippy2"),
        ] {
            let found = check(&[file("Cargo.toml", &weaker)]);
            assert_eq!(found, ["Cargo.toml: `unsafe_code` is not forbidden"], "{weaker}");
        }
    }
}
