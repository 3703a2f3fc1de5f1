//! Lines of a file of any size, in little memory; and the rows of comma-separated values, which may have
//! several.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

/// Bytes of the longest line that is kept whole.
const LONGEST: usize = 64 * 1024;

/// Bytes of the longest row: several lines, where a quoted cell has line breaks.
const LONGEST_ROW: usize = 4 * LONGEST;

/// One line, without its line end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// How many bytes of the file end with it.
    pub(super) read: u64,
    /// Its text; none of a line that is longer than 64 KiB.
    pub(super) text: Option<Vec<u8>>,
}

/// A reader, line by line.
pub(super) struct Lines<R> {
    from: R,
    put_back: VecDeque<Line>,
    number: u64,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, put_back: VecDeque::new(), number: 0, read: 0 }
    }

    /// Makes this the next line.
    pub(super) fn put_back(&mut self, line: Line) {
        self.put_back.push_front(line);
    }

    /// The next line that is not blank. None at the end of the file.
    pub(super) fn next_filled(&mut self) -> io::Result<Option<Line>> {
        loop {
            match self.next()? {
                Some(Line { text: Some(text), .. }) if text.trim_ascii().is_empty() => {}
                line => return Ok(line),
            }
        }
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.put_back.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let longest = LONGEST as u64 + 1;
        self.read += (&mut self.from).take(longest).read_until(b'\n', &mut text)? as u64;
        if text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let is_whole = text.pop_if(|last| *last == b'\n').is_some();
        let is_too_long = text.len() > LONGEST;
        if is_too_long && !is_whole {
            self.read += self.from.skip_until(b'\n')? as u64;
        }
        text.pop_if(|last| *last == b'\r');
        // The byte order mark that some programs write before UTF-8.
        if self.number == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        let text = (!is_too_long).then_some(text);
        Ok(Some(Line { number: self.number, read: self.read, text }))
    }

    /// The row that begins with this text (RFC 4180), or what is wrong with its first line.
    ///
    /// The `csv` crate reads every input as some table: of a quote that is not closed it makes one cell, up
    /// to the next quote, and tokens could be taken for another customer's. So only a row whose quotes are
    /// right is parsed, and of another one only the first line is given up.
    pub(super) fn row(
        &mut self,
        first: Vec<u8>,
        delimiter: u8,
    ) -> io::Result<Result<Vec<u8>, &'static str>> {
        let (mut row, mut further) = (first, Vec::new());
        let mut quoting = Quoting::CellStart.after(&row, delimiter);
        while quoting == Quoting::Quoted && row.len() < LONGEST_ROW {
            let Some(line) = self.next()? else { break };
            let text = line.text.clone();
            further.push(line);
            let Some(text) = text else { break };
            row.push(b'\n');
            row.extend_from_slice(&text);
            quoting = quoting.after(&text, delimiter);
        }
        let wrong = match quoting {
            Quoting::Quoted => "a quote is not closed",
            Quoting::Wrong => "a quote does not enclose the whole cell",
            _ => return Ok(Ok(row)),
        };
        further.into_iter().rev().for_each(|line| self.put_back(line));
        Ok(Err(wrong))
    }
}

/// Where a row stands after its last byte so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    CellStart,
    Unquoted,
    Quoted,
    /// After a quote in a quoted cell: it closes the cell, or is the first of two that stand for one.
    Closed,
    Wrong,
}

impl Quoting {
    fn after(self, text: &[u8], delimiter: u8) -> Self {
        text.iter().fold(self, |quoting, &byte| match (quoting, byte) {
            (Self::Wrong, _) => Self::Wrong,
            (Self::Quoted, b'"') => Self::Closed,
            (Self::Quoted, _) | (Self::Closed | Self::CellStart, b'"') => Self::Quoted,
            (_, byte) if byte == delimiter => Self::CellStart,
            (Self::Closed, _) | (_, b'"') => Self::Wrong,
            _ => Self::Unquoted,
        })
    }
}
