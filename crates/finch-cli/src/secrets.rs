//! Where settings and secrets come from: an argument, the environment, a file, standard input.
//!
//! An empty variable of the environment counts as one that is not set. A secret that is given twice
//! is an error, since either may be the one that is meant.

use std::{
    env,
    fs::File,
    io::{self, BufRead, IsTerminal, Read},
    path::{Path, PathBuf},
};

use finch_core::stray_characters;

use crate::{fail::Failure, output};

/// No secret is longer; more is not read.
const LONGEST: u64 = 64 * 1024;

/// A variable of the environment, if it is set to something.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var_os(name) {
        Some(value) if !value.is_empty() => value.into_string().map(Some).map_err(|_| {
            Failure::usage(format!("{name} is not text"))
                .help(format!("set {name} again, in UTF-8"))
        }),
        _ => Ok(None),
    }
}

/// An option, or else a variable of the environment, without anything around its value.
pub(crate) fn setting(given: Option<&String>, name: &str) -> Result<Option<String>, Failure> {
    let (value, place) = match given {
        Some(value) => (Some(value.clone()), option_of(name)),
        None => (variable(name)?, name.to_owned()),
    };
    value.map(|value| clean(&place, &value).map(|()| value)).transpose()
}

/// A path in an option, or else in the environment, where it need not be UTF-8.
pub(crate) fn path_setting(
    given: Option<&PathBuf>,
    name: &str,
) -> Result<Option<PathBuf>, Failure> {
    let variable = || env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (path, place) = match given {
        Some(path) => (Some(path.clone()), option_of(name)),
        None => (variable(), name.to_owned()),
    };
    path.map(|path| clean(&place, &path.to_string_lossy()).map(|()| path)).transpose()
}

/// The option that a variable stands in for, such as `--base-url` for `FINCH_BASE_URL`.
fn option_of(variable: &str) -> String {
    let name = variable.trim_start_matches("FINCH_").to_ascii_lowercase();
    format!("--{}", name.replace('_', "-"))
}

/// Refuses a value that has something around it. The value is not repeated: it may be a secret.
fn clean(place: &str, value: &str) -> Result<(), Failure> {
    match stray_characters(value) {
        None => Ok(()),
        Some(found) => Err(Failure::usage(format!("{place} {found}")).help(format!(
            "give {place} its value alone; where an env file sets it, write NAME=value without quotation \
             marks or spaces"
        ))),
    }
}

/// Where one secret can come from.
pub(crate) struct SecretSource<'a> {
    /// What it is, such as `client secret`.
    pub(crate) what: &'static str,
    /// The option that takes it, such as `--code`, and what it took.
    pub(crate) argument: Option<(&'static str, Option<&'a String>)>,
    /// The option that takes a file, and what it took.
    pub(crate) file: (&'static str, Option<&'a PathBuf>),
    /// The variable; with `_FILE` behind it, the one that names a file.
    pub(crate) variable: &'static str,
}

/// The one place where a secret was given.
pub(crate) enum Given {
    Value(String),
    File(PathBuf),
}

impl SecretSource<'_> {
    /// The one place where the secret was given, if it was.
    ///
    /// # Errors
    /// It was given twice.
    pub(crate) fn given(&self) -> Result<Option<Given>, Failure> {
        let in_file = format!("{}_FILE", self.variable);
        let mut places = Vec::new();
        if let Some((option, Some(value))) = self.argument {
            places.push((option.to_owned(), Given::Value(value.clone())));
        }
        if let (option, Some(path)) = self.file {
            places.push((option.to_owned(), Given::File(path.clone())));
        }
        if let Some(value) = variable(self.variable)? {
            places.push((self.variable.to_owned(), Given::Value(value)));
        }
        if let Some(path) = path_setting(None, &in_file)? {
            places.push((in_file, Given::File(path)));
        }
        if let [(first, _), (second, _), ..] = places.as_slice() {
            let what = self.what;
            return Err(Failure::usage(format!("the {what} is given twice: {first} and {second}"))
                .help(format!(
                    "leave out one of them (`env -u {}` unsets a variable)",
                    self.variable
                )));
        }
        let Some((name, place)) = places.pop() else { return Ok(None) };
        match &place {
            // White space alone is no value, and what reads it says so.
            Given::Value(value) if value.trim().is_empty() => {}
            Given::Value(value) => clean(&name, value)?,
            Given::File(path) => clean(&name, &path.to_string_lossy())?,
        }
        Ok(Some(place))
    }

    /// Reads the secret, if it was given.
    pub(crate) fn read(&self) -> Result<Option<String>, Failure> {
        match self.given()? {
            None => Ok(None),
            Some(Given::Value(value)) => self.whole(value).map(Some),
            Some(Given::File(path)) if path == Path::new("-") => self.read_line().map(Some),
            Some(Given::File(path)) => self.read_file(&path).map(Some),
        }
    }

    /// Takes the next line of standard input.
    pub(crate) fn read_line(&self) -> Result<String, Failure> {
        if io::stdin().is_terminal() {
            output::notice(&format!("Paste the {} and press Enter:", self.what));
        }
        let mut line = String::new();
        let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
        read.map_err(|error| Failure::unreadable(self.what, Path::new("-"), &error))?;
        self.whole(line)
    }

    fn read_file(&self, path: &Path) -> Result<String, Failure> {
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        read.map_err(|error| Failure::unreadable(self.what, path, &error))?;
        self.whole(text)
    }

    /// Without the white space around it, of which there is some at the end of each file, and the byte order
    /// mark that some editors put before it.
    fn whole(&self, text: String) -> Result<String, Failure> {
        let trimmed = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
        let problem = match stray_characters(trimmed) {
            _ if trimmed.is_empty() => "is empty".to_owned(),
            Some(found) => found.to_string(),
            None => return Ok(trimmed.to_owned()),
        };
        Err(Failure::usage(format!("the {} {problem}", self.what)).help(self.how()))
    }

    /// What to say when it was not given at all.
    pub(crate) fn missing(&self) -> Failure {
        Failure::usage(format!("the {} is missing", self.what)).help(self.how())
    }

    fn how(&self) -> String {
        let (option, _) = self.file;
        format!(
            "set {}, or give it in a file ({option} PATH) or on standard input ({option} -)",
            self.variable
        )
    }
}
