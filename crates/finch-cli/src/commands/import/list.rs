//! The rows of a list, read one after the other. Its form is decided by its first line, before any token is
//! sent to Finch.

use std::{
    collections::BTreeSet,
    io::{self, BufRead},
    path::PathBuf,
};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    columns::{Columns, shown},
    lines::{Line, Lines},
    row::{Bad, Fields, Row, to_import},
};
use crate::{args::Format, fail::Failure, words::count};

/// More columns than this are ignored without being listed.
const LISTED: usize = 100;

/// Reads the rows of a list.
pub(super) struct List<R> {
    lines: Lines<R>,
    path: PathBuf,
    asked: Option<Format>,
    /// None until the first line was read.
    form: Option<Form>,
    ignored: BTreeSet<String>,
}

enum Form {
    Json,
    Csv { columns: Columns, delimiter: u8 },
}

impl<R: BufRead> List<R> {
    /// In the format that was asked for; else in that of the first line.
    pub(super) fn new(from: R, asked: Option<Format>, path: PathBuf) -> Self {
        Self { lines: Lines::new(from), path, asked, form: None, ignored: BTreeSet::new() }
    }

    /// The names of the columns that are not used.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.ignored.iter().cloned().collect()
    }

    /// The next row; none at the end. Empty rows are skipped.
    ///
    /// # Errors
    /// The list cannot be read, or is not a list of tokens.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        let unreadable = |error: &io::Error| Failure::unreadable("tokens", &self.path, error);
        while let Some(line) = self.lines.next_filled().map_err(|error| unreadable(&error))? {
            let Line { number, read, text } = line;
            let Some(form) = &self.form else {
                let first = text.ok_or_else(|| {
                    Failure::usage("the first line of the list is longer than 64 KiB")
                        .help("begin the file with a line that names the columns: token,customer")
                })?;
                let form = form(self.asked, &first)?;
                match &form {
                    Form::Json => {
                        self.lines.put_back(Line { number, read, text: Some(first) });
                    }
                    Form::Csv { columns, .. } => self.ignored.extend(columns.ignored.clone()),
                }
                self.form = Some(form);
                continue;
            };
            let fields = match (form, text) {
                (_, None) => Err(Bad::too_long()),
                (Form::Json, Some(text)) => json(&text, &mut self.ignored).map(Some),
                (Form::Csv { columns, delimiter }, Some(text)) => {
                    let row =
                        self.lines.row(text, *delimiter).map_err(|error| unreadable(&error))?;
                    row.map_err(Bad::malformed).and_then(|row| csv(&row, *delimiter, columns))
                }
            };
            let content = match fields.transpose() {
                None => continue,
                Some(fields) => fields.and_then(|fields| to_import(&fields)),
            };
            return Ok(Some(Row { line: number, read, content }));
        }
        Ok(None)
    }
}

/// What is not UTF-8 text begins like this. UTF-32's mark begins with UTF-16's, and comes first.
const SIGNATURES: [(&[u8], &str); 8] = [
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a workbook (.xlsx, .ods) or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF-", "a PDF document"),
];

/// The form of a list that begins with this line.
fn form(asked: Option<Format>, first: &[u8]) -> Result<Form, Failure> {
    let signature = SIGNATURES.iter().find(|(signature, _)| first.starts_with(signature));
    let known = signature.map(|(_, name)| *name);
    let wide = first.contains(&0).then_some("UTF-16 or binary data, with NUL bytes");
    if let Some(found) = known.or(wide) {
        let message = format!("the list of tokens is not UTF-8 text: it is {found}");
        return Err(Failure::usage(message).help(
            "save or extract it as CSV in UTF-8 (Excel: \"CSV UTF-8\"); `iconv -f UTF-16 -t UTF-8` converts \
             text",
        ));
    }
    if first.contains(&b'\r') {
        return Err(Failure::usage("the lines of the list end with CR alone")
            .help("end them with LF or CR LF, as with `tr '\\r' '\\n'`"));
    }
    match first.trim_ascii() {
        _ if asked == Some(Format::Csv) => {}
        [b'[', ..] | b"{" => {
            return Err(Failure::usage("the tokens are in JSON of several lines")
                .help("write one object a line, as with `jq -c '.[]'` or `jq -c .`"));
        }
        [b'{', ..] => return Ok(Form::Json),
        _ if asked == Some(Format::Jsonl) => return Ok(Form::Json),
        _ => {}
    }
    let mut closest: Option<(usize, Failure)> = None;
    for delimiter in *b",;\t|" {
        let cells =
            cells(first, delimiter).ok_or_else(|| Failure::usage("the header cannot be read"))?;
        match Columns::of(&cells) {
            Ok(columns) => return Ok(Form::Csv { columns, delimiter }),
            Err(failure) if closest.as_ref().is_none_or(|(most, _)| cells.len() > *most) => {
                closest = Some((cells.len(), failure));
            }
            Err(_) => {}
        }
    }
    Err(closest.map_or_else(|| Failure::usage("there is no header"), |(_, failure)| failure))
}

fn cells(row: &[u8], delimiter: u8) -> Option<csv::ByteRecord> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).delimiter(delimiter).buffer_capacity(row.len() + 1);
    let mut cells = csv::ByteRecord::new();
    // A header of nothing but delimiters has cells, too.
    reader.from_reader(row).read_byte_record(&mut cells).ok().map(|_| cells)
}

/// The cells of one row whose quotes are right. None if all are empty.
fn csv(row: &[u8], delimiter: u8, columns: &Columns) -> Result<Option<Fields>, Bad> {
    let cells = cells(row, delimiter).ok_or_else(|| Bad::malformed("the row cannot be parsed"))?;
    if cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
        return Ok(None);
    }
    // A cell more or less moves the others: a token could be taken for another customer's.
    if cells.len() != columns.number {
        let found = count(cells.len(), "cell", "cells");
        return Err(Bad::malformed(format!(
            "the row has {found}, and the header {}",
            columns.number
        )));
    }
    let cell = |at| {
        let text = str::from_utf8(cells.get(at).unwrap_or_default());
        text.map(|text| text.trim().to_owned()).map_err(|_| Bad::not_utf8())
    };
    Ok(Some(Fields {
        token: cell(columns.token)?,
        customer: cell(columns.customer)?,
        connection_id: columns.connection_id.map(cell).transpose()?.unwrap_or_default(),
    }))
}

/// An object of a list of JSON lines.
#[derive(Deserialize)]
struct Object {
    #[serde(alias = "access_token", alias = "accessToken", default)]
    token: Option<Text>,
    #[serde(alias = "customer_id", alias = "customerId", default)]
    customer: Option<Text>,
    #[serde(alias = "connectionId", default)]
    connection_id: Option<Text>,
    #[serde(flatten)]
    ignored: std::collections::BTreeMap<String, IgnoredAny>,
}

/// Applications also have ids that are numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(u64),
}

/// What a line of JSON holds. The names of other members go into `ignored`.
fn json(line: &[u8], ignored: &mut BTreeSet<String>) -> Result<Fields, Bad> {
    let line = str::from_utf8(line).map_err(|_| Bad::not_utf8())?;
    // serde's message repeats parts of the line.
    let object: Object = serde_json::from_str(line).map_err(|_| {
        Bad::malformed("the line is no JSON object with a token and a customer, each once")
    })?;
    let room = LISTED.saturating_sub(ignored.len());
    ignored.extend(object.ignored.keys().take(room).map(|name| shown(name)));
    let text = |value: Option<Text>| match value {
        Some(Text::Text(text)) => text.trim().to_owned(),
        Some(Text::Number(number)) => number.to_string(),
        None => String::new(),
    };
    let [token, customer, connection_id] =
        [object.token, object.customer, object.connection_id].map(text);
    Ok(Fields { token, customer, connection_id })
}
