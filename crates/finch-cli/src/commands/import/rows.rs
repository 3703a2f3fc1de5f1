//! The rows of a list, read one after the other.

use std::{
    collections::BTreeSet,
    io::{self, BufRead},
    path::PathBuf,
};

use super::{
    csv::{self, Csv, DELIMITERS},
    form, json,
    lines::{Line, Lines},
    quotes,
    row::{Bad, Fields, Row, to_import},
};
use crate::{args::Format, fail::Failure};

/// Reads rows, once the first lines have shown what the list is.
pub(super) struct Rows<R> {
    lines: Lines<R>,
    path: PathBuf,
    asked: Option<Format>,
    form: Form,
    ignored: BTreeSet<String>,
}

enum Form {
    /// No line was read yet.
    Unknown,
    Json,
    Csv(Box<Csv>),
}

impl<R: BufRead> Rows<R> {
    /// In the format that was asked for; else in that which the list itself or its name shows.
    pub(super) fn new(from: R, asked: Option<Format>, path: PathBuf) -> Self {
        let (lines, ignored) = (Lines::new(from), BTreeSet::new());
        Self { lines, path, asked, form: Form::Unknown, ignored }
    }

    /// The names of the columns that are not used.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.ignored.iter().cloned().collect()
    }

    /// The next row; none at the end. Empty rows are skipped.
    ///
    /// # Errors
    /// The list cannot be read, or is not a list of tokens. Its form is decided before the first row.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        while let Some(line) = self.line()? {
            let (number, read) = (line.number, line.read);
            let fields = match &mut self.form {
                Form::Unknown => {
                    self.begin(line)?;
                    continue;
                }
                _ if line.too_long => Err(Bad::too_long()),
                Form::Json => json::read(&line.text, &mut self.ignored).map(Some),
                Form::Csv(csv) => {
                    let row = quotes::row(&mut self.lines, line.text, &[csv.delimiter()]);
                    match row.map_err(|error| unreadable(&self.path, &error))? {
                        Ok(row) => csv.read(&row),
                        Err(why) => Err(Bad::malformed(why)),
                    }
                }
            };
            let content = match fields.transpose() {
                None => continue,
                Some(fields) => fields.and_then(|fields: Fields| to_import(&fields)),
            };
            return Ok(Some(Row { line: number, read, content }));
        }
        Ok(None)
    }

    /// Decides what the list is, by its first line; reads the header, if it has one.
    fn begin(&mut self, first: Line) -> Result<(), Failure> {
        form::check_encoding(&first.text)?;
        if form::format(self.asked, &self.path, &first.text)? == Format::Jsonl {
            self.lines.put_back(vec![first]);
            self.form = Form::Json;
            return Ok(());
        }
        let Some(named) = csv::named_delimiter(&first.text) else {
            return self.header(first, &DELIMITERS);
        };
        let delimiter = named?;
        match self.line()? {
            Some(header) => self.header(header, &[delimiter]).map_err(|mut failure| {
                let cells = format!("the line sep= separates cells by {:?}", char::from(delimiter));
                failure.because.push(cells);
                failure
            }),
            None => Ok(()),
        }
    }

    fn header(&mut self, line: Line, delimiters: &[u8]) -> Result<(), Failure> {
        let header = if line.too_long {
            Err("the line is longer than 64 KiB")
        } else {
            let row = quotes::row(&mut self.lines, line.text, delimiters);
            row.map_err(|error| unreadable(&self.path, &error))?
        };
        let header = header.map_err(|why| {
            Failure::usage(format!("the header cannot be read: {why}"))
                .help("begin the file with a line that names the columns: token,customer")
        })?;
        let csv = Csv::new(&header, delimiters)?;
        self.ignored.extend(csv.ignored().iter().cloned());
        self.form = Form::Csv(Box::new(csv));
        Ok(())
    }

    /// The next line that is not blank.
    fn line(&mut self) -> Result<Option<Line>, Failure> {
        loop {
            match self.lines.next().map_err(|error| unreadable(&self.path, &error))? {
                Some(line) if line.is_blank() => {}
                line => return Ok(line),
            }
        }
    }
}

fn unreadable(path: &std::path::Path, error: &io::Error) -> Failure {
    Failure::unreadable("tokens", path, error)
}
