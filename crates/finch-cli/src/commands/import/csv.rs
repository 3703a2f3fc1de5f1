//! Comma-separated values, and those separated by other delimiters.

use std::collections::VecDeque;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::{
    columns::Columns,
    row::{Bad, Fields},
};
use crate::{fail::Failure, words::count};

/// What may stand between cells.
pub(super) const DELIMITERS: [u8; 4] = *b",;\t|";

/// The rows of one list, below its header.
pub(super) struct Csv {
    /// Fed row by row, with a line end after each.
    reader: Reader<VecDeque<u8>>,
    cells: ByteRecord,
    delimiter: u8,
    columns: Columns,
}

impl Csv {
    /// Reads the header, with the first delimiter under which it names the columns.
    ///
    /// # Errors
    /// It names them under none of the delimiters.
    pub(super) fn new(header: &[u8], delimiters: &[u8]) -> Result<Self, Failure> {
        let mut closest = (0, Failure::usage("there is no header"));
        for &delimiter in delimiters {
            let mut reader = ReaderBuilder::new()
                .has_headers(false)
                .delimiter(delimiter)
                .from_reader(VecDeque::new());
            let mut cells = ByteRecord::new();
            read(&mut reader, &mut cells, header)
                .map_err(|bad| Failure::usage(format!("the header cannot be read: {}", bad.why)))?;
            match Columns::of(&cells) {
                Ok(columns) => return Ok(Self { reader, cells, delimiter, columns }),
                Err(failure) if cells.len() > closest.0 => closest = (cells.len(), failure),
                Err(_) => {}
            }
        }
        Err(closest.1)
    }

    /// What stands between the cells.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The names of the columns that are not used.
    pub(super) fn ignored(&self) -> &[String] {
        &self.columns.ignored
    }

    /// The cells of one row whose quotes are right. None if all are empty.
    pub(super) fn read(&mut self, row: &[u8]) -> Result<Option<Fields>, Bad> {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == self.delimiter;
        if row.iter().all(is_blank) {
            return Ok(None);
        }
        read(&mut self.reader, &mut self.cells, row)?;
        if self.cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
            return Ok(None);
        }
        let cell = |at| {
            let text = std::str::from_utf8(self.cells.get(at).unwrap_or_default());
            text.map(|text| text.trim().to_owned()).map_err(|_| Bad::not_utf8())
        };
        let Columns { token, customer, connection_id, .. } = self.columns;
        Ok(Some(Fields {
            token: cell(token)?,
            customer: cell(customer)?,
            connection_id: connection_id.map(cell).transpose()?.unwrap_or_default(),
        }))
    }
}

/// The cells of a row: as many as the first row of this reader has.
fn read(reader: &mut Reader<VecDeque<u8>>, cells: &mut ByteRecord, row: &[u8]) -> Result<(), Bad> {
    let input = reader.get_mut();
    input.extend(row);
    input.push_back(b'\n');
    match reader.read_byte_record(cells).map_err(csv::Error::into_kind) {
        Ok(true) => Ok(()),
        // A cell more or less moves the others: a token could be taken for another customer's.
        Err(ErrorKind::UnequalLengths { expected_len, len, .. }) => {
            let found = count(usize::try_from(len).unwrap_or(usize::MAX), "cell", "cells");
            Err(Bad::malformed(format!("the row has {found}, and the header {expected_len}")))
        }
        Ok(false) | Err(_) => Err(Bad::malformed("the row cannot be parsed")),
    }
}

/// The delimiter that a first line such as `sep=;` names, as Excel reads and writes it. None if it is
/// another line.
///
/// # Errors
/// It names something else.
pub(super) fn named_delimiter(line: &[u8]) -> Option<Result<u8, Failure>> {
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (name, rest) = line.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    // A program that took the line for a row may have added quotes and delimiters.
    let delimiter = rest.first().filter(|first| {
        let is_delimiter = DELIMITERS.contains(first);
        is_delimiter && rest.iter().all(|byte| byte == *first || b"\" ".contains(byte))
    });
    Some(delimiter.copied().ok_or_else(|| {
        Failure::usage("the line sep= names no delimiter that can be used")
            .help("separate the cells by a comma, a semicolon, a tab or a vertical bar")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_under_which_the_header_names_the_columns() {
        for (header, delimiter) in [
            ("token,customer", b','),
            ("customer;\"notes, more\";token", b';'),
            ("notes|\"x\";\tToken\tcustomer", b'\t'),
            ("token | customer", b'|'),
        ] {
            let Ok(csv) = Csv::new(header.as_bytes(), &DELIMITERS) else { panic!("{header}") };
            assert_eq!(csv.delimiter(), delimiter, "{header}");
        }
        assert!(Csv::new(b"token,customer", b";").is_err());
        let failure = Csv::new(b"a;b;c,d", &DELIMITERS).err().expect("no columns");
        assert!(failure.message.ends_with("the first row has: a, b, c,d"), "{failure:?}");
    }

    #[test]
    fn a_row_has_as_many_cells_as_the_header() {
        let mut csv = Csv::new(b"token,notes,customer", &DELIMITERS).expect("a header");
        for (row, found) in [("t,c", "2 cells"), ("t,a,note,c", "4 cells"), ("t", "1 cell")] {
            let bad = csv.read(row.as_bytes()).err().expect("it is ragged");
            assert_eq!(bad.why, format!("the row has {found}, and the header 3"));
            let fields = csv.read(b" t ,\"a,\nnote\", \tc").ok().flatten().expect("a row");
            assert_eq!((&*fields.token, &*fields.customer), ("t", "c"));
        }
        for empty in [&b" ,"[..], b" ,\"\",", b",,,,"] {
            assert!(csv.read(empty).is_ok_and(|fields| fields.is_none()));
        }
        assert!(csv.read(b"\"\"\"\",,").is_ok_and(|fields| fields.is_some()));
        // Only what is used has to be UTF-8.
        assert!(csv.read(b"t,\xe9,c").is_ok_and(|fields| fields.is_some()));
        assert_eq!(csv.read(b"t,x,\xe9").err().expect("not UTF-8").kind, "not_utf8");
    }

    #[test]
    fn a_sep_line_names_the_delimiter() {
        for line in [&b"sep=;"[..], b"SEP=;", b"\"sep=;\"", b"sep=;;;"] {
            assert!(matches!(named_delimiter(line), Some(Ok(b';'))), "{line:?}");
        }
        assert!(matches!(named_delimiter(b"sep=\t"), Some(Ok(b'\t'))));
        for line in [&b"sep="[..], b"sep=x", b"sep=,;", b"sep=\\t"] {
            assert!(matches!(named_delimiter(line), Some(Err(_))), "{line:?}");
        }
        assert!(named_delimiter(b"separator,token").is_none());
        assert!(named_delimiter(b"").is_none());
    }
}
