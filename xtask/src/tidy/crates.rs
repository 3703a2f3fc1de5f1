//! Rules for crates: each has the workspace's lints and says what it is.

use crate::workspace::TextFile;

pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    let packages = files.iter().filter_map(|file| {
        let folder = file.path.strip_suffix("Cargo.toml")?;
        has_line(&file.text, "[package]").then_some((folder, file))
    });
    for (folder, manifest) in packages {
        let lints = section(&manifest.text, "[lints]");
        if !lints.is_some_and(|lints| has_line(lints, "workspace = true")) {
            problems.push(format!("{}: no `[lints] workspace = true`", manifest.path));
        }
        let readme = format!("{folder}README.md");
        if !files.iter().any(|file| file.path == readme) {
            problems.push(format!("{readme}: is missing"));
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
    fn a_workspace_is_no_crate() {
        assert!(check(&[file("Cargo.toml", "[workspace]\nmembers = []\n")]).is_empty());
    }
}
