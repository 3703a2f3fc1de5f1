//! What neither compiler nor clippy sees.
//!
//! The rules spell out what they look for in two halves: this folder is checked like any other.

mod crates;
mod lines;
mod named;
mod size;

use crate::step::Failure;
use crate::workspace;

/// What is untidy in the checkout, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let files = workspace::text_files()
        .map_err(|error| Failure::Io("the checkout could not be read".to_owned(), error))?;
    let mut problems: Vec<_> = files.iter().flat_map(lines::check).collect();
    problems.extend(files.iter().filter_map(size::check));
    problems.extend(crates::check(&files));
    problems.extend(named::check(&files));
    Ok(problems)
}

/// A file for a rule's test.
#[cfg(test)]
fn file(path: &str, text: &str) -> workspace::TextFile {
    workspace::TextFile { path: path.to_owned(), text: text.to_owned() }
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
