//! The tests that the documents of promises name in their tables: each must be one.

use crate::workspace::TextFile;

const DOCUMENTS: [&str; 2] = ["docs/reliability.md", "docs/security.md"];

pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let code: Vec<&str> =
        files.iter().filter(|f| f.path.ends_with(".rs")).map(|f| f.text.as_str()).collect();
    let exists = |name: &str| {
        let (call, listed) = (format!("fn {name}("), format!("    {name} = "));
        code.iter().any(|text| text.contains(&call) || text.contains(&listed))
    };
    let mut problems = Vec::new();
    for file in files.iter().filter(|f| DOCUMENTS.contains(&f.path.as_str())) {
        for (at, line) in file.text.lines().enumerate() {
            for name in tests_in(line).filter(|name| !exists(name)) {
                problems.push(format!("{}:{}: there is no test `{name}`", file.path, at + 1));
            }
        }
    }
    problems
}

/// The names in the last cell of a row: a `code` word that could be a test's.
fn tests_in(line: &str) -> impl Iterator<Item = &str> {
    let cell = line.strip_prefix('|').and_then(|row| row.trim_end_matches('|').rsplit('|').next());
    let words = cell.unwrap_or_default().split('`').skip(1).step_by(2);
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    words.filter(move |word| word.contains('_') && word.chars().all(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    #[test]
    fn a_test_that_is_not_there_is_found() {
        let code = file("a.rs", "fn it_holds() {}\ncases! {\n    so_does_this = X;\n}\n");
        let names =
            "| a `not_this` | `it_holds`, `so_does_this` |\n| b | `nor_that` |\n`or_this`\n";
        let found = check(&[code, file(DOCUMENTS[1], names)]);
        assert_eq!(found, ["docs/security.md:2: there is no test `nor_that`"]);
    }
}
