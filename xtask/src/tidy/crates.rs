//! Rules for crates: each has the workspace's lints, which forbid `unsafe`, and says what it is.

use crate::workspace::TextFile;

/// The one crate that calls C, and so has lints of its own: the workspace's, but for `unsafe_code`.
const CALLS_C: &str = "tests/disk/";

pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for workspace in files.iter().filter(|file| file.path == "Cargo.toml") {
        let lints = section(&workspace.text, "[workspace.lints.rust]");
        if !lints.is_some_and(|lints| has_line(lints, "unsafe_code = \"forbid\"")) {
            problems.push("Cargo.toml: `unsafe_code` is not forbidden".to_owned());
        }
    }
    let packages = files.iter().filter_map(|file| {
        let folder = file.path.strip_suffix("Cargo.toml")?;
        has_line(&file.text, "[package]").then_some((folder, file))
    });
    for (folder, manifest) in packages {
        let lints = section(&manifest.text, "[lints]");
        if folder == CALLS_C {
            problems.extend(other_lints(files, manifest));
        } else if !lints.is_some_and(|lints| has_line(lints, "workspace = true")) {
            problems.push(format!("{}: no `[lints] workspace = true`", manifest.path));
        }
        let readme = format!("{folder}README.md");
        if !files.iter().any(|file| file.path == readme) {
            problems.push(format!("{readme}: is missing"));
        }
    }
    problems
}

/// Where the lints of the crate that calls C are not the workspace's.
fn other_lints(files: &[TextFile], manifest: &TextFile) -> Vec<String> {
    let workspace = files.iter().find(|file| file.path == "Cargo.toml");
    let lints = |text: &str, heading: &str| -> Vec<String> {
        let lines = section(text, heading).unwrap_or_default().lines().map(str::trim);
        let lints = lines.filter(|line| !line.is_empty() && !line.starts_with("unsafe_code"));
        lints.map(str::to_owned).collect()
    };
    let mut problems = Vec::new();
    for group in ["rust", "clippy"] {
        let own = lints(&manifest.text, &format!("[lints.{group}]"));
        let common = workspace.map(|file| lints(&file.text, &format!("[workspace.lints.{group}]")));
        if common.is_some_and(|common| common != own) {
            let path = &manifest.path;
            problems.push(format!("{path}: `[lints.{group}]` is not the workspace's"));
        }
    }
    problems
}

/// What stands between a heading and the next one.
fn section<'a>(manifest: &'a str, heading: &str) -> Option<&'a str> {
    let (_, after) = manifest.split_once(&format!("{heading}\n"))?;
    after.split("\n[").next()
}

fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|candidate| candidate.trim() == line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    const MANIFEST: &str = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";

    #[test]
    fn a_crate_has_lints_and_a_readme() {
        let whole = [file("a/Cargo.toml", MANIFEST), file("a/README.md", "")];
        assert!(check(&whole).is_empty());
        let elsewhere = [file("a/Cargo.toml", MANIFEST), file("README.md", "")];
        assert_eq!(check(&elsewhere), ["a/README.md: is missing"]);
    }

    #[test]
    fn other_lints_do_not_count() {
        for lints in
            ["", "[lints.rust]\nunsafe_code = \"forbid\"\n", "[lints]\n\n[a]\nworkspace = true\n"]
        {
            let manifest = format!("[package]\nname = \"a\"\n\n{lints}");
            let files = [file("a/Cargo.toml", &manifest), file("a/README.md", "")];
            assert_eq!(check(&files), ["a/Cargo.toml: no `[lints] workspace = true`"]);
        }
    }

    #[test]
    fn the_crate_that_calls_c_has_the_other_lints() {
        let workspace = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\na = \"warn\"\n\n\
            [workspace.lints.clippy]\nb = \"warn\"\n";
        let own = "[package]\n\n[lints.rust]\nunsafe_code = \"warn\"\na = \"warn\"\n\n\
            [lints.clippy]\nb = \"warn\"\n";
        let tree = |own: &str| {
            let manifest = file(&format!("{CALLS_C}Cargo.toml"), own);
            [file("Cargo.toml", workspace), manifest, file(&format!("{CALLS_C}README.md"), "")]
        };
        assert!(check(&tree(own)).is_empty(), "{:?}", check(&tree(own)));
        assert_eq!(check(&tree(&own.replace("b = ", "c = "))).len(), 1);
        assert_eq!(check(&tree(&own.replace("a = \"warn\"\n", ""))).len(), 1);
    }

    #[test]
    fn a_workspace_is_no_crate_and_forbids_unsafe_code() {
        let lints =
            "[workspace]\nmembers = []\n\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        assert!(check(&[file("Cargo.toml", lints)]).is_empty());
        for weaker in [
            lints.replace("forbid", "deny"),
            lints.replace("unsafe_code", "# unsafe_code"),
            lints.replace(".rust", ".clippy"),
            lints.replace("unsafe_code = \"forbid\"\n", "\n[a]\nunsafe_code = \"forbid\"\n"),
        ] {
            let found = check(&[file("Cargo.toml", &weaker)]);
            assert_eq!(found, ["Cargo.toml: `unsafe_code` is not forbidden"], "{weaker}");
        }
    }

    /// What is published has no lints of its own, whoever else may.
    #[test]
    fn no_published_crate_is_excused() {
        assert!(!CALLS_C.starts_with("crates/"));
        let own =
            file("crates/a/Cargo.toml", "[package]\n\n[lints.rust]\nunsafe_code = \"warn\"\n");
        let found = check(&[own, file("crates/a/README.md", "")]);
        assert_eq!(found, ["crates/a/Cargo.toml: no `[lints] workspace = true`"]);
    }
}
