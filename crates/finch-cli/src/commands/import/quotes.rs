//! Where a row of comma-separated values ends: at the first line end outside quotes (RFC 4180).
//!
//! The `csv` crate reads every input as some table: a quote that is not closed makes one cell of all rows up
//! to the next quote. Those rows would be lost silently. So only a row whose quotes are right is parsed, and
//! of a row whose quotes are wrong only the first line is given up.

use std::io::{self, BufRead};

use super::lines::{LONGEST, Line, Lines};

/// Bytes of the longest row: several lines, where a quoted cell has line breaks.
const LONGEST_ROW: usize = 4 * LONGEST;

/// A row's text without its line end, or what is wrong with its first line.
pub(super) type Row = Result<Vec<u8>, &'static str>;

/// The row that begins with this line. Further lines are taken while a quote is open.
pub(super) fn row<R: BufRead>(
    lines: &mut Lines<R>,
    first: Vec<u8>,
    delimiters: &[u8],
) -> io::Result<Row> {
    let (mut row, mut further) = (first, Vec::<Line>::new());
    let mut place = Place::CellStart.after(&row, delimiters);
    while place == Place::Quoted && row.len() < LONGEST_ROW {
        let Some(line) = lines.next()? else { break };
        if !line.too_long {
            row.push(b'\n');
            row.extend_from_slice(&line.text);
            place = place.after(b"\n", delimiters).after(&line.text, delimiters);
        }
        further.push(line);
        if further.last().is_some_and(|line| line.too_long) {
            break;
        }
    }
    let wrong = match place {
        Place::Quoted => "a quote is not closed",
        Place::Misplaced => "a quote does not enclose the whole cell",
        _ => return Ok(Ok(row)),
    };
    lines.put_back(further);
    Ok(Err(wrong))
}

/// Where a row stands after its last byte so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    /// White space at a cell's start.
    Indent,
    Unquoted,
    Quoted,
    /// A quote in a quoted cell: it closes the cell, or is the first of two that stand for one.
    Quote,
    /// White space after the closing quote.
    Closed,
    Misplaced,
}

impl Place {
    fn after(self, text: &[u8], delimiters: &[u8]) -> Self {
        let mut place = self;
        for &byte in text {
            place = match (place, byte) {
                (Self::Misplaced, _) => return place,
                (Self::Quoted, b'"') => Self::Quote,
                (Self::Quoted, _) | (Self::Quote, b'"') => Self::Quoted,
                (_, byte) if delimiters.contains(&byte) => Self::CellStart,
                (Self::CellStart, b'"') => Self::Quoted,
                (Self::Indent, b'"') => Self::Misplaced,
                (Self::CellStart | Self::Indent, b' ' | b'\t') => Self::Indent,
                (Self::Quote | Self::Closed, b' ' | b'\t') => Self::Closed,
                (Self::Quote | Self::Closed, _) => Self::Misplaced,
                _ => Self::Unquoted,
            };
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows of a text; of one whose quotes are wrong, the word that says how.
    fn rows(text: &str) -> Vec<String> {
        let mut lines = Lines::new(text.as_bytes());
        let mut rows = Vec::new();
        while let Some(line) = lines.next().expect("memory reads") {
            let row = row(&mut lines, line.text, b",").expect("memory reads");
            rows.push(match row {
                Ok(row) => String::from_utf8(row).expect("UTF-8"),
                Err(why) if why.ends_with("closed") => "OPEN".to_owned(),
                Err(_) => "MISPLACED".to_owned(),
            });
        }
        rows
    }

    #[test]
    fn a_quoted_cell_may_have_line_breaks_delimiters_and_quotes() {
        assert_eq!(rows("a,\"b\r\n\r\nc\",d\ne,f"), ["a,\"b\n\nc\",d", "e,f"]);
        assert_eq!(rows("\"a\"\"\n,b\" ,\"\"\n6\" pipe,x"), ["\"a\"\"\n,b\" ,\"\"", "6\" pipe,x"]);
    }

    #[test]
    fn a_wrong_quote_gives_up_its_line_and_no_other() {
        assert_eq!(rows("a,\"b\nc,d\ne,f"), ["OPEN", "c,d", "e,f"]);
        // The next quote opens a cell of its own: the first was not closed.
        assert_eq!(rows("a,\"b\nc,d\ne,\"f\"\ng"), ["MISPLACED", "c,d", "e,\"f\"", "g"]);
        assert_eq!(rows("\"a\"b,c\nd, \"e\"\nf"), ["MISPLACED", "MISPLACED", "f"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_little_memory() {
        let text = "\"a\n".to_owned() + &"b,c\n".repeat(LONGEST_ROW);
        let mut lines = Lines::new(text.as_bytes());
        let first = lines.next().expect("memory reads").expect("a line");
        let row = row(&mut lines, first.text, b",").expect("memory reads");
        assert!(row.is_err());
        let next = lines.next().expect("memory reads").expect("a line");
        assert_eq!((next.number, &*next.text), (2, &b"b,c"[..]));
        assert!(next.read < LONGEST_ROW as u64);
    }

    #[test]
    fn a_line_that_is_too_long_closes_no_quote() {
        let long = "x".repeat(LONGEST + 1);
        let text = format!("\"a\n{long}\"\nb");
        let mut lines = Lines::new(text.as_bytes());
        let first = lines.next().expect("memory reads").expect("a line");
        assert!(row(&mut lines, first.text, b",").expect("memory reads").is_err());
        assert!(lines.next().expect("memory reads").expect("a line").too_long);
        assert_eq!(lines.next().expect("memory reads").expect("a line").text, b"b");
    }
}
