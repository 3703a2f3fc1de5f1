//! Rules for the length of files.

use crate::workspace::TextFile;

/// A longer file says why: `// Long because …`.
const LONG: usize = 400;
const TOO_LONG: usize = 700;
const REASON: &str = "// Long because ";

/// What everyone reads first is short.
const ARCHITECTURE: usize = 150;

pub(crate) fn check(file: &TextFile) -> Option<String> {
    let TextFile { path, text } = file;
    let lines = text.lines().count();
    let excused = || text.lines().any(|line| line.starts_with(REASON));
    let advice = match path.as_str() {
        "ARCHITECTURE.md" if lines > ARCHITECTURE => format!("at most {ARCHITECTURE}"),
        path if !path.ends_with(".rs") => return None,
        _ if lines > TOO_LONG => format!("never more than {TOO_LONG}: split it"),
        _ if lines > LONG && !excused() => {
            format!("over {LONG} it needs a line `{REASON}…`, or splitting")
        }
        _ => return None,
    };
    Some(format!("{path}: {lines} lines; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::file;

    fn found(path: &str, lines: usize, first: &str) -> bool {
        let text = format!("{first}\n{}", "x\n".repeat(lines - 1));
        check(&file(path, &text)).is_some()
    }

    #[test]
    fn long_files_need_a_reason_and_very_long_ones_are_split() {
        assert!(!found("a.rs", 400, ""));
        assert!(found("a.rs", 401, ""));
        assert!(!found("a.rs", 401, "// Long because it is one table."));
        assert!(!found("a.rs", 700, "// Long because it is one table."));
        assert!(found("a.rs", 701, "// Long because it is one table."));
        assert!(!found("a.md", 701, ""));
    }

    #[test]
    fn the_architecture_is_short() {
        assert!(!found("ARCHITECTURE.md", 150, ""));
        assert!(found("ARCHITECTURE.md", 151, ""));
    }
}
