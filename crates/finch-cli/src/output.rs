//! What a command prints: the same facts as lines for a person, or as one JSON document.
//!
//! Everything printed goes through [`Sheet`], which escapes what is not visible or could move a terminal's
//! cursor: some of it comes from outside.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use finch_core::{CompanyId, ProviderId, is_invisible};
use serde::Serialize;

use crate::{
    fail::{Exit, Failure},
    words::list,
};

/// How wide a line is at most, where it can be broken.
const WIDTH: usize = 80;

/// What a command found or did.
pub(crate) trait Report: Serialize {
    /// The facts, for a person.
    fn human(&self, sheet: &mut Sheet);

    /// How the process ends.
    fn exit(&self) -> Exit {
        Exit::Done
    }
}

/// Prints what a command was asked to show, and returns how the process ends.
pub(crate) fn show(report: &impl Report, json: bool) -> Result<Exit, Failure> {
    print(report, json)?;
    Ok(report.exit())
}

/// Prints what a command was asked to show. A reader that has gone away is no failure.
pub(crate) fn print(report: &impl Report, json: bool) -> io::Result<()> {
    write(anstream::stdout().lock(), &text_of(report, json)?)
}

/// Prints what only this output carries, such as a token: a reader that has gone away did not get it.
pub(crate) fn hand_over(report: &impl Report, json: bool) -> io::Result<()> {
    write_all(anstream::stdout().lock(), &text_of(report, json)?)
}

/// Prints what a command has done, and returns how the process ends: what was done decides that, whether
/// or not it could be printed.
pub(crate) fn done(report: &impl Report, json: bool) -> Exit {
    if let Err(error) = print(report, json) {
        Failure::not_printed(report.exit(), &error).print(json);
    }
    report.exit()
}

/// Says something on standard error that decides nothing: where it cannot be said, the work continues.
pub(crate) fn notice(text: &str) {
    let mut sheet = Sheet::default();
    sheet.line(text);
    let _ = write(anstream::stderr().lock(), &sheet.render());
}

fn text_of(report: &impl Report, json: bool) -> io::Result<String> {
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
        self.lines.push(bold(text));
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

    /// Text, broken where it is too long.
    pub(crate) fn paragraph(&mut self, text: &str) {
        self.text("", text);
    }

    /// The same after an empty line.
    pub(crate) fn note(&mut self, text: &str) {
        self.gap();
        self.paragraph(text);
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
        self.text(&format!("{} ", good("✓")), text);
    }

    /// What is open, or needs a look.
    pub(crate) fn open(&mut self, text: &str) {
        self.text(&format!("{} ", warn("!")), text);
    }

    /// What is wrong.
    pub(crate) fn wrong(&mut self, text: &str) {
        self.text(&format!("{} ", bad("✗")), text);
    }

    /// A label and several values in one line; without a value, nothing.
    pub(crate) fn list<T: ToString>(&mut self, label: &str, values: impl IntoIterator<Item = T>) {
        let values = list(values);
        self.pairs(label, Some(values).filter(|values| !values.is_empty()));
    }

    /// A label and several values, one a line; without a value, nothing.
    pub(crate) fn pairs<T: ToString>(&mut self, label: &str, values: impl IntoIterator<Item = T>) {
        for (at, value) in values.into_iter().enumerate() {
            self.pair(if at == 0 { label } else { "" }, &value.to_string());
        }
    }

    /// Which payroll or HR system a connection is at, and for which employer.
    pub(crate) fn place(&mut self, provider: &ProviderId, company: Option<&CompanyId>) {
        self.pair("provider", provider.as_str());
        self.pair("employer", company.map_or("not named by Finch yet", |id| id.as_str()));
    }

    /// A label and what it says.
    pub(crate) fn pair(&mut self, label: &str, text: &str) {
        self.text(&format!("  {}", dim(&format!("{label:<14}"))), text);
    }

    /// The text, with escapes for colours where it asks for them.
    pub(crate) fn render(&self) -> String {
        self.render_for(speaks_utf8())
    }

    fn render_for(&self, utf8: bool) -> String {
        let mut text = String::new();
        for line in &self.lines {
            for c in line.trim_end().chars() {
                match ink(c) {
                    Some(style) => text.push_str(&style),
                    None if is_invisible(c) => text.extend(c.escape_unicode()),
                    None if utf8 => text.push(c),
                    None => plain(c, &mut text),
                }
            }
            text.push('\n');
        }
        text
    }
}

/// Marks for colours: code points that are no characters, and mean nothing but colour here,
/// whatever text they come in.
const PLAIN: char = '\u{fdd0}';
const BOLD: char = '\u{fdd1}';
const DIM: char = '\u{fdd2}';
const GOOD: char = '\u{fdd3}';
const BAD: char = '\u{fdd4}';
const WARN: char = '\u{fdd5}';

fn ink(mark: char) -> Option<String> {
    let style = match mark {
        PLAIN => return Some(anstyle::Reset.to_string()),
        BOLD => Style::new().bold(),
        DIM => Style::new().dimmed(),
        GOOD => AnsiColor::Green.on_default(),
        BAD => AnsiColor::Red.on_default().bold(),
        WARN => AnsiColor::Yellow.on_default(),
        _ => return None,
    };
    Some(style.to_string())
}

fn inked(mark: char, text: &str) -> String {
    format!("{mark}{text}{PLAIN}")
}

/// What stands out.
pub(crate) fn bold(text: &str) -> String {
    inked(BOLD, text)
}

/// What stands back.
pub(crate) fn dim(text: &str) -> String {
    inked(DIM, text)
}

/// What is as it should be.
pub(crate) fn good(text: &str) -> String {
    inked(GOOD, text)
}

/// What is not as it should be.
pub(crate) fn bad(text: &str) -> String {
    inked(BAD, text)
}

/// What needs a look.
pub(crate) fn warn(text: &str) -> String {
    inked(WARN, text)
}

/// How many columns a text takes.
pub(crate) fn shown_width(text: &str) -> usize {
    text.chars().filter(|c| ink(*c).is_none()).count()
}

/// The same in a terminal without UTF-8.
fn plain(c: char, text: &mut String) {
    text.push_str(match c {
        '✓' => "+",
        '✗' => "x",
        '·' | '─' => "-",
        '→' => ">",
        '…' => "...",
        _ => return text.push(c),
    });
}

/// Whether the terminal says that it shows UTF-8.
fn speaks_utf8() -> bool {
    let set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(set);
    let locale = locale.and_then(|name| std::env::var(name).ok());
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(write: impl FnOnce(&mut Sheet)) -> String {
        let mut sheet = Sheet::default();
        write(&mut sheet);
        sheet.render_for(true)
    }

    #[test]
    fn what_is_not_visible_is_escaped_and_reads_back() {
        let name = "a\u{1b}[31m\n\u{202e}\u{ad}\u{3164}\u{e0041}é\u{1f600}\r";
        let text = rendered(|sheet| sheet.line(name));
        let shown = "a\\u{1b}[31m\\u{a}\\u{202e}\\u{ad}\\u{3164}\\u{e0041}é\u{1f600}\n";
        assert_eq!(text, shown);
        for pretty in [false, true] {
            let json = document(&name, pretty).expect("JSON");
            assert!(!json.trim_end().contains(is_invisible), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), name);
        }
    }

    #[test]
    fn long_text_is_broken_and_stays_below_its_start() {
        let text = rendered(|sheet| sheet.text("  label ", &"word ".repeat(40)));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.lines().skip(1).all(|l| l.starts_with("        word")));
        assert_eq!(text.matches("word").count(), 40);
    }
}
