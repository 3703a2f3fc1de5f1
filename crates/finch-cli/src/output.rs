//! What a command prints: the same facts as lines for a person, or as one JSON document.
//!
//! Everything printed goes through [`Sheet`], which escapes what is not visible or could move a terminal's
//! cursor: some of it comes from outside.

use std::{
    borrow::Cow,
    io::{self, ErrorKind, IsTerminal, Write},
};

use anstyle::{AnsiColor, Style};
use finch_core::is_invisible;
use serde::Serialize;

use crate::{
    facts::{self, Fact},
    fail::{Exit, Failure},
};

/// How wide a line is at most, where it can be broken.
const WIDTH: usize = 80;

/// A text that is mostly known beforehand.
pub(crate) type Text = Cow<'static, str>;

/// What a command found or did. A person sees its headline, every fact that serde writes of it, and the next step.
pub(crate) trait Report: Serialize {
    /// What happened, in a sentence.
    fn headline(&self) -> Text {
        "".into()
    }

    /// What to do next.
    fn next(&self) -> Text {
        "".into()
    }

    /// How the process ends.
    fn exit(&self) -> Exit {
        Exit::Done
    }

    /// All of it, for a person.
    fn human(&self, sheet: &mut Sheet) {
        match self.headline() {
            headline if headline.is_empty() => {}
            headline if self.exit() == Exit::Done => sheet.done(&headline),
            headline => sheet.open(&headline),
        }
        sheet.facts(self);
        sheet.next(&self.next());
    }
}

/// Prints what a command was asked to show, and returns how the process ends. A reader that has gone away is no
/// failure.
pub(crate) fn show(report: &impl Report, json: bool) -> Result<Exit, Failure> {
    write(anstream::stdout().lock(), &text_of(report, json)?)?;
    Ok(report.exit())
}

/// The same for what only this output carries, such as a token: a reader that has gone away did not get it.
pub(crate) fn hand_over(report: &impl Report, json: bool) -> Result<Exit, Failure> {
    write_all(anstream::stdout().lock(), &text_of(report, json)?)?;
    Ok(report.exit())
}

/// Prints what a command has done, and returns how the process ends: what was done decides that, whether
/// or not it could be printed.
pub(crate) fn done(report: &impl Report, json: bool) -> Exit {
    if let Err(mut failure) = show(report, json) {
        failure.exit = report.exit();
        failure.message.push_str("; what was done stays done");
        failure.help("look with `finch connections --all` and `finch events`").print(json);
    }
    report.exit()
}

/// Says something on standard error that decides nothing: where it cannot be said, the work continues.
pub(crate) fn notice(text: &str) {
    let mut sheet = Sheet::default();
    sheet.line(text);
    let _ = write(anstream::stderr().lock(), &sheet.render());
}

/// What a report says, to a person or to a program.
pub(crate) fn text_of(report: &impl Report, json: bool) -> io::Result<String> {
    if json {
        return document(report, io::stdout().is_terminal());
    }
    let mut sheet = Sheet::default();
    report.human(&mut sheet);
    Ok(sheet.render())
}

fn write_all(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes()).and_then(|()| to.flush())
}

/// Writes text, whether or not the reader is still there.
pub(crate) fn write(to: impl Write, text: &str) -> io::Result<()> {
    match write_all(to, text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// One JSON document and the end of its line. What is not visible is escaped, and reads back as it was.
pub(crate) fn document(value: &impl Serialize, pretty: bool) -> io::Result<String> {
    let text =
        if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    let mut shown = String::new();
    for c in text?.chars() {
        if c != '\n' && is_invisible(c) {
            // JSON writes what is beyond U+FFFF as two units.
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown.push('\n');
    Ok(shown)
}

/// Lines for a person.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    lines: Vec<String>,
}

impl Sheet {
    /// A heading, with an empty line before it.
    pub(crate) fn title(&mut self, text: &str) {
        self.gap();
        self.lines.push(format!("{BOLD}{text}{PLAIN}"));
    }

    /// An empty line, unless there is one or nothing stands before it.
    pub(crate) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// A line as it is: never broken.
    pub(crate) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// Text behind `start`, broken where it is too long; further lines stand below the first.
    pub(crate) fn text(&mut self, start: &str, text: &str) {
        let indent = shown_width(start);
        let mut line = start.to_owned();
        let mut used = indent;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = shown_width(word);
            if used > indent && used + 1 + width > WIDTH {
                self.lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                used = indent;
            }
            if used > indent {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += width;
        }
        self.lines.push(line);
    }

    /// What is done, or as it should be.
    pub(crate) fn done(&mut self, text: &str) {
        self.text(&format!("{GOOD}✓{PLAIN} "), text);
    }

    /// What is open, or needs a look.
    pub(crate) fn open(&mut self, text: &str) {
        self.text(&format!("{WARN}!{PLAIN} "), text);
    }

    /// The next step, if there is one.
    pub(crate) fn next(&mut self, text: &str) {
        if !text.is_empty() {
            self.gap();
            self.text("", &format!("Next: {text}"));
        }
    }

    /// A label and what it says.
    pub(crate) fn pair(&mut self, label: &str, text: &str) {
        self.text(&format!("  {DIM}{label:<14}{PLAIN} "), text);
    }

    /// Every fact of a report that says something, under its name.
    pub(crate) fn facts(&mut self, of: &(impl Serialize + ?Sized)) {
        if let Fact::Record(fields) = facts::of(of) {
            self.record("  ", "", &fields);
        }
    }

    /// An event, with its moment.
    pub(crate) fn event(&mut self, event: &impl Serialize) {
        if let Fact::Record(record) = facts::of(event) {
            self.event_record(&record);
        }
    }

    fn event_record(&mut self, record: &[(String, Fact)]) {
        if let Some((moment, text)) = facts::event(record) {
            self.text(&format!("  {DIM}{moment}{PLAIN}  "), &text);
        }
    }

    /// First what fits behind a label, then each list of records, below headings.
    fn record(&mut self, indent: &str, headings: &str, fields: &[(String, Fact)]) {
        for (name, fact) in fields.iter().filter(|(_, fact)| fact.records().is_empty()) {
            self.text(&format!("{indent}{DIM}{name:<14}{PLAIN} "), &fact.to_string());
        }
        let lists = fields.iter().map(|(name, fact)| (name, fact.records()));
        for (name, records) in lists.filter(|(_, records)| !records.is_empty()) {
            let deeper = format!("{headings}  ");
            for (at, record) in records.iter().enumerate() {
                let Some(((_, first), rest)) = record.split_first() else { continue };
                if facts::event(record).is_some() {
                    if at == 0 {
                        self.title(name);
                    }
                    self.event_record(record);
                    continue;
                }
                self.gap();
                let one = name.strip_suffix('s').unwrap_or(name);
                let first = first.to_string().replace('_', " ");
                self.line(format!("{headings}{BOLD}{one}: {first}{PLAIN}"));
                self.record(&deeper, &deeper, rest);
            }
        }
    }

    /// The text, with escapes for colours where it asks for them.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            for c in line.trim_end().chars() {
                match ink(c) {
                    Some(style) => text.push_str(&style.to_string()),
                    None if is_invisible(c) => text.extend(c.escape_unicode()),
                    None => text.push(c),
                }
            }
            text.push('\n');
        }
        text
    }
}

// Marks for colours: code points that are no characters, and mean nothing but colour here, whatever text
// they come in.
/// The end of what stands out.
pub(crate) const PLAIN: char = '\u{fdd0}';
/// What stands out.
pub(crate) const BOLD: char = '\u{fdd1}';
/// What stands back.
pub(crate) const DIM: char = '\u{fdd2}';
/// What is as it should be.
pub(crate) const GOOD: char = '\u{fdd3}';
/// What is not as it should be.
pub(crate) const BAD: char = '\u{fdd4}';
/// What needs a look.
pub(crate) const WARN: char = '\u{fdd5}';

fn ink(mark: char) -> Option<Style> {
    Some(match mark {
        PLAIN => Style::new(),
        BOLD => Style::new().bold(),
        DIM => Style::new().dimmed(),
        GOOD => AnsiColor::Green.on_default(),
        BAD => AnsiColor::Red.on_default().bold(),
        WARN => AnsiColor::Yellow.on_default(),
        _ => return None,
    })
}

/// How many columns a text takes.
fn shown_width(text: &str) -> usize {
    text.chars().filter(|c| ink(*c).is_none()).count()
}
