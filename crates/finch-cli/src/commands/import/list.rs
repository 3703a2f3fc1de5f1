//! The rows of a list, one a line, in little memory. Its form is decided by its first line, before any token is
//! sent to Finch.

use std::{
    io::{self, BufRead, Read},
    path::PathBuf,
};

use csv::{ReaderBuilder, StringRecord};
use finch_core::may_hold_token;
use serde::{
    Deserialize,
    de::value::{Error, MapDeserializer},
};

use super::row::{Bad, Fields, Row};
use crate::fail::Failure;

/// Bytes of the longest line that is kept.
const LONGEST: usize = 64 * 1024;

/// No more columns than this are listed.
const LISTED: usize = 20;

/// Reads the rows of a list.
pub(super) struct List<R> {
    from: R,
    path: PathBuf,
    /// None until the first line was read.
    form: Option<Form>,
    line: u64,
    read: u64,
}

enum Form {
    Json,
    Csv { columns: Vec<String>, delimiter: u8 },
}

impl<R: BufRead> List<R> {
    pub(super) fn new(from: R, path: PathBuf) -> Self {
        Self { from, path, form: None, line: 0, read: 0 }
    }

    /// The next row; none at the end. Empty rows are skipped.
    ///
    /// # Errors
    /// The list cannot be read, or is not a list of tokens.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        loop {
            let line = self.next_line();
            let line = line.map_err(|error| Failure::unreadable("tokens", &self.path, &error))?;
            let line = match line {
                None => return Ok(None),
                Some(Ok(text)) if text.iter().all(|byte| b" \t\r\n,;|\"".contains(byte)) => {
                    continue;
                }
                Some(line) => line,
            };
            let form = match &self.form {
                Some(form) => form,
                None => {
                    let first = line.as_deref().map_err(|_| {
                        Failure::usage("the first line of the list is longer than 64 KiB").help(
                            "begin the file with a line that names the columns: token,customer",
                        )
                    })?;
                    let form = self.form.insert(Form::of(first)?);
                    if matches!(form, Form::Csv { .. }) {
                        continue;
                    }
                    form
                }
            };
            let content =
                line.and_then(|line| form.fields(&line)).and_then(|fields| fields.to_import());
            return Ok(Some(Row { line: self.line, read: self.read, content }));
        }
    }

    /// The next line without its end. One that is too long is not kept.
    fn next_line(&mut self) -> io::Result<Option<Result<Vec<u8>, Bad>>> {
        let mut text = Vec::new();
        let longest = LONGEST as u64 + 1;
        self.read += (&mut self.from).take(longest).read_until(b'\n', &mut text)? as u64;
        if text.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if text.pop_if(|last| *last == b'\n').is_none() && text.len() > LONGEST {
            self.read += self.from.skip_until(b'\n')? as u64;
            let why = "the line is longer than 64 KiB";
            return Ok(Some(Err(Bad::new(
                "too_long",
                why,
                "remove the columns that are not used",
            ))));
        }
        text.pop_if(|last| *last == b'\r');
        // The byte order mark that some programs write before UTF-8.
        if self.line == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        Ok(Some(Ok(text)))
    }
}

impl Form {
    /// The form of a list that begins with this line.
    fn of(first: &[u8]) -> Result<Self, Failure> {
        let Some(text) = str::from_utf8(first).ok().filter(|text| !text.contains('\0')) else {
            let message =
                "the list of tokens is not UTF-8 text, but UTF-16, a workbook (.xlsx) or the like";
            return Err(Failure::usage(message).help(
                "save it as CSV in UTF-8 (Excel: \"CSV UTF-8\"); `iconv -f UTF-16 -t UTF-8` converts text",
            ));
        };
        if text.contains('\r') {
            return Err(Failure::usage("the lines of the list end with CR alone")
                .help("end them with LF or CR LF, as with `tr '\\r' '\\n'`"));
        }
        match text.trim() {
            text if text.starts_with('[') || text == "{" => {
                return Err(Failure::usage("the tokens are in JSON of several lines")
                    .help("write one object a line, as with `jq -c '.[]'` or `jq -c .`"));
            }
            text if text.starts_with('{') => return Ok(Self::Json),
            _ => {}
        }
        // The separator with which the header names the columns; else the one that separates most.
        let headers = b",;\t|".map(|delimiter| (cells(text, delimiter), delimiter));
        let mut best: Option<(usize, Failure)> = None;
        for (header, delimiter) in headers {
            let columns: Vec<_> = header.iter().map(normal).collect();
            match fields(&columns, &header) {
                Ok(_) => return Ok(Self::Csv { columns, delimiter }),
                Err(error) if best.as_ref().is_none_or(|(most, _)| header.len() > *most) => {
                    best = Some((header.len(), no_columns(&error, &header)));
                }
                Err(_) => {}
            }
        }
        Err(best.map_or_else(|| Failure::usage("there is no header"), |(_, failure)| failure))
    }

    /// What a line holds. serde's messages are not shown: they repeat parts of it.
    fn fields(&self, line: &[u8]) -> Result<Fields, Bad> {
        let line = str::from_utf8(line)
            .map_err(|_| Bad::new("not_utf8", "the row is not UTF-8", "save the file as UTF-8"))?;
        match self {
            Self::Json => serde_json::from_str(line).map_err(|_| {
                Bad::malformed("the line is no JSON object with a token and a customer, each once")
            }),
            Self::Csv { columns, delimiter } => {
                let cells = cells(line, *delimiter);
                // An open quote, or a cell more or less, moves cells: a token could be taken for another
                // customer's.
                if line.matches('"').count() % 2 == 1 {
                    return Err(Bad::malformed("a quote is not closed in its line"));
                }
                if cells.len() != columns.len() {
                    let (found, header) = (cells.len(), columns.len());
                    let why = format!("the number of cells is {found}, and {header} in the header");
                    return Err(Bad::malformed(why));
                }
                fields(columns, &cells).map_err(|_| Bad::malformed("the row cannot be read"))
            }
        }
    }
}

fn cells(line: &str, delimiter: u8) -> StringRecord {
    let mut reader = ReaderBuilder::new();
    let mut reader = reader.has_headers(false).delimiter(delimiter).from_reader(line.as_bytes());
    let mut cells = StringRecord::new();
    // Each UTF-8 line has cells.
    let _ = reader.read_record(&mut cells);
    cells
}

fn fields(columns: &[String], cells: &StringRecord) -> Result<Fields, Error> {
    Fields::deserialize(MapDeserializer::new(columns.iter().map(String::as_str).zip(cells)))
}

/// A column's name in any case, with or without spaces, hyphens and underscores.
fn normal(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn no_columns(error: &Error, header: &StringRecord) -> Failure {
    let mut found: Vec<_> =
        header.iter().filter(|name| !name.trim().is_empty()).map(shown).collect();
    let more = found.len().saturating_sub(LISTED);
    found.truncate(LISTED);
    found.extend((more > 0).then(|| format!("and {more} more")));
    let found = found.join(", ");
    Failure::usage(format!("the header cannot be used: {error}; the first row has: {found}")).help(
        "name the columns token (or access_token), customer (or customer_id) and, if there is one, \
         connection_id, each once and in any order; if there is no header, write the line token,customer \
         above the first row",
    )
}

/// A column's name as a message may show it. Where there is no header, the "name" may be a token: names are
/// made of words, and tokens have digits, or no words.
fn shown(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let has_words =
        !name.contains(|c: char| c.is_ascii_digit()) && words.all(|word| word.len() < 20);
    if name.len() <= 80 && (has_words || !may_hold_token(name)) {
        name.trim().to_owned()
    } else {
        "(not shown: it may be a token)".to_owned()
    }
}
