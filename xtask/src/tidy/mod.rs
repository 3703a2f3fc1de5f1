//! What neither compiler nor clippy sees.
//!
//! The rules spell out what they look for in two halves: this folder is checked like any other.

mod crates;
mod lines;
mod named;
mod size;

use crate::step::Failure;
use crate::workspace::{self, TextFile};

/// What is untidy in the checkout, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let files = workspace::text_files()
        .map_err(|error| Failure::Io("the checkout could not be read".to_owned(), error))?;
    Ok(untidy(&files))
}

fn untidy(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        problems.extend(lines::check(file));
        problems.extend(size::check(file));
    }
    problems.extend(crates::check(files));
    problems.extend(named::check(files));
    problems
}

/// A file for a rule's test.
#[cfg(test)]
fn file(path: &str, text: &str) -> TextFile {
    TextFile { path: path.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_tidy() {
        let problems = check().unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
