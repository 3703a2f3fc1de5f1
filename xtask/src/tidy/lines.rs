//! Rules for single lines: leftovers, machine paths, white space.

use crate::workspace::TextFile;

/// What is left over from work in progress.
const LEFTOVERS: [&str; 5] = [
    concat!("to", "do!"),
    concat!("db", "g!"),
    concat!("unimple", "mented!"),
    concat!("FIX", "ME"),
    concat!("#[ig", "nore"),
];

/// Where one machine keeps its files.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Where crates come from is for each machine's own configuration to say.
const REGISTRIES: [&str; 5] = [
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("[sou", "rce."),
    concat!("[regis", "tries"),
    concat!("replace", "-with"),
];

pub(crate) fn check(file: &TextFile) -> Vec<String> {
    let mut problems = Vec::new();
    // Not `lines`, which would swallow a carriage return.
    for (at, line) in file.text.split('\n').enumerate() {
        let mut problem = |what: &str| problems.push(format!("{}:{}: {what}", file.path, at + 1));
        if file.path.ends_with(".rs") {
            for leftover in LEFTOVERS.iter().filter(|leftover| line.contains(**leftover)) {
                problem(&format!("`{leftover}` is left over"));
            }
        }
        if file.path != "Cargo.lock" {
            for path in MACHINE_PATHS.iter().filter(|path| has_path(line, path)) {
                problem(&format!("`{path}` is a path of one machine"));
            }
            for registry in REGISTRIES.iter().filter(|registry| line.contains(**registry)) {
                problem(&format!("`{registry}` belongs in a machine's own configuration"));
            }
        }
        if [".rs", ".md", ".toml"].iter().any(|ending| file.path.ends_with(ending)) {
            if line.contains('\t') {
                problem("a tab");
            }
            if line.ends_with(char::is_whitespace) {
                problem("white space at the end of the line");
            }
        }
    }
    problems
}

/// Whether an absolute path begins like this; within a longer path or an address it is none.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| before.is_alphanumeric() || "._-~)}>".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    #[test]
    fn leftovers_are_found_in_code_only() {
        for leftover in LEFTOVERS {
            let text = format!("fn a() {{}}\n    {leftover}\n");
            assert_eq!(check(&file("a.rs", &text)), [format!("a.rs:2: `{leftover}` is left over")]);
            assert!(check(&file("a.md", &text)).is_empty());
        }
    }

    #[test]
    fn machine_paths_are_found_where_they_begin() {
        for path in MACHINE_PATHS {
            for text in ["{}me", "see {}me", "\"{}me\"", "file://{}me", "={}"] {
                let text = text.replace("{}", path);
                assert_eq!(check(&file("a", &text)).len(), 1, "{text}");
                assert!(check(&file("Cargo.lock", &text)).is_empty());
            }
            for text in ["https://example.com{}me", "target{}me", "$HOME{}x", "~{}x", "${A}{}x"] {
                let text = text.replacen("{}", path, 1);
                assert!(check(&file("a", &text)).is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn registries_are_found() {
        for registry in REGISTRIES {
            assert_eq!(check(&file(".cargo/config.toml", registry)).len(), 1);
        }
    }

    #[test]
    fn white_space_is_found_where_it_does_not_belong() {
        for path in ["a.rs", "a.md", "a.toml"] {
            assert_eq!(check(&file(path, "a\tb\n")), [format!("{path}:1: a tab")]);
            for text in ["a \n", "a\r\n", "a\n  \nb\n", "a\n "] {
                assert_eq!(check(&file(path, text)).len(), 1, "{text:?}");
            }
            assert!(check(&file(path, "a\n\n  b c\n")).is_empty());
        }
        assert!(check(&file("a.sql", "a\t\n")).is_empty());
    }
}
