//! Lines of a file of any size, in little memory.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

/// Bytes of the longest line that is kept whole.
pub(super) const LONGEST: usize = 64 * 1024;

/// The byte order mark that some programs write before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line, without its line end: LF, CR LF or CR.
pub(super) struct Line {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// How many bytes of the file were read with it.
    pub(super) read: u64,
    /// Its text; where it is too long, the beginning.
    pub(super) text: Vec<u8>,
    /// Whether it is longer than [`LONGEST`].
    pub(super) too_long: bool,
}

impl Line {
    pub(super) fn is_blank(&self) -> bool {
        self.text.iter().all(u8::is_ascii_whitespace) && !self.too_long
    }
}

/// A reader, line by line.
pub(super) struct Lines<R> {
    from: R,
    put_back: VecDeque<Line>,
    number: u64,
    read: u64,
    /// The last line ended with CR: an LF right after it belongs to the same line end.
    after_cr: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, put_back: VecDeque::new(), number: 0, read: 0, after_cr: false }
    }

    /// Makes these the next lines, in this order.
    pub(super) fn put_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.put_back.push_front(line);
        }
    }

    /// The next line. None at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.put_back.pop_front() {
            return Ok(Some(line));
        }
        let (mut text, mut too_long, mut began) = (Vec::new(), false, false);
        loop {
            let buffer = match self.from.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            if buffer.is_empty() {
                break;
            }
            let skipped = usize::from(std::mem::take(&mut self.after_cr) && buffer[0] == b'\n');
            let buffer = &buffer[skipped..];
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &buffer[..end.unwrap_or(buffer.len())];
            self.after_cr = end.is_some_and(|end| buffer[end] == b'\r');
            let kept = part.len().min(LONGEST - text.len());
            text.extend_from_slice(&part[..kept]);
            too_long |= kept < part.len();
            began |= !buffer.is_empty();
            let used = skipped + part.len() + usize::from(end.is_some());
            self.from.consume(used);
            self.read += used as u64;
            if end.is_some() {
                break;
            }
        }
        if !began {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && text.starts_with(BOM) {
            text.drain(..BOM.len());
        }
        Ok(Some(Line { number: self.number, read: self.read, text, too_long }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines as a reader of small parts gives them; none: too long.
    fn lines(text: &[u8], part: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(io::BufReader::with_capacity(part, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().expect("memory reads") {
            assert!(line.text.capacity() <= 2 * LONGEST);
            assert_eq!(line.number, all.len() as u64 + 1);
            all.push((!line.too_long).then_some(line.text));
        }
        assert_eq!(lines.read, text.len() as u64);
        all
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_not_part_of_a_line() {
        for part in 1..10 {
            let found = lines(b"\xef\xbb\xbfone,1\r\n\ntwo,2\rthree,3\r\r\nfour", part);
            let found: Vec<_> = found.into_iter().flatten().collect();
            assert_eq!(found, [&b"one,1"[..], b"", b"two,2", b"three,3", b"", b"four"], "{part}");
            assert!(lines(b"", part).is_empty());
            assert_eq!(lines(b"\r\n", part).len(), 1);
        }
    }

    #[test]
    fn a_line_that_is_too_long_takes_little_memory_and_no_other_line() {
        let mut text = vec![b'x'; 10 * LONGEST];
        text.extend_from_slice(b"\nnext");
        assert_eq!(lines(&text, 7), [None, Some(b"next".to_vec())]);
        assert_eq!(lines(&text[..LONGEST], 7), [Some(vec![b'x'; LONGEST])]);
        assert_eq!(lines(&text[..=LONGEST], 7), [None]);
    }
}
