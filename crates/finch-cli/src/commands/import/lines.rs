//! Lines of a file of any size, in little memory.

use std::io::{self, BufRead};

/// A longer line is passed over.
pub(super) const LONGEST: usize = 64 * 1024;

/// A byte order mark, as some programs write it ahead of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A reader, line by line.
pub(super) struct Lines<R> {
    from: R,
    line: Vec<u8>,
    /// How many lines were read.
    pub(super) number: u64,
    /// How many bytes were.
    pub(super) bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, line: Vec::new(), number: 0, bytes: 0 }
    }

    /// The next line without its end; none inside: it is too long.
    pub(super) fn next(&mut self) -> io::Result<Option<Option<&[u8]>>> {
        self.line.clear();
        let (mut read, mut too_long) = (0, false);
        loop {
            let buffer = match self.from.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            if self.line.len() + used > LONGEST {
                too_long = true;
            } else {
                self.line.extend_from_slice(&buffer[..end.unwrap_or(used)]);
            }
            self.from.consume(used);
            read += used as u64;
            if end.is_some() || used == 0 {
                break;
            }
        }
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read;
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let first = self.number == 1;
        let line = line.strip_prefix(BOM).filter(|_| first).unwrap_or(line);
        Ok(Some((!too_long).then_some(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Option<Vec<u8>>> {
        // A small buffer, so that lines cross its ends.
        let mut lines = Lines::new(io::BufReader::with_capacity(7, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().expect("memory reads") {
            all.push(line.map(<[u8]>::to_vec));
        }
        assert_eq!((lines.number, lines.bytes), (all.len() as u64, text.len() as u64));
        all
    }

    #[test]
    fn ends_of_lines_and_a_mark_are_no_part_of_them() {
        let found = lines(b"\xef\xbb\xbfone,1\r\n\ntwo,2\nthree,3");
        let found: Vec<_> = found.into_iter().flatten().collect();
        assert_eq!(found, [&b"one,1"[..], b"", b"two,2", b"three,3"]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_no_other_line() {
        let mut text = vec![b'x'; 10 * LONGEST];
        text.extend_from_slice(b"\nnext");
        assert_eq!(lines(&text), [None, Some(b"next".to_vec())]);
        let mut lines = Lines::new(io::BufReader::new(&text[..]));
        lines.next().expect("memory reads");
        assert!(lines.line.capacity() <= 2 * LONGEST);
    }
}
