//! Settings and secrets as they are given: in an option, the environment, a file, or standard input.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufRead, IsTerminal, Read},
    path::{Path, PathBuf},
};

use clap::{
    Arg, Command, Error,
    builder::{PathBufValueParser, TypedValueParser},
    error::ErrorKind,
    parser::ValueSource,
};
use finch_core::{StrayCharacters, stray_characters};

use crate::{fail::Failure, output};

/// No secret is longer; more is not read.
const LONGEST: u64 = 64 * 1024;

/// A value without anything around it. Else it is not repeated: it may be a secret.
pub(crate) fn clean(value: &str) -> Result<String, StrayCharacters> {
    stray_characters(value).map_or_else(|| Ok(value.to_owned()), Err)
}

/// The same for a path.
pub(crate) fn clean_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| clean(&path.to_string_lossy()).map(|_| path))
}

/// The value of a secret in the environment. Other users of the machine can see an argument, so it is refused there.
#[derive(Clone)]
pub(crate) struct NoArgument;

impl TypedValueParser for NoArgument {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        TypedValueParser::parse_ref(&clean, command, arg, value)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<String, Error> {
        if source == ValueSource::EnvVariable {
            return self.parse_ref(command, arg, value);
        }
        let option = arg.and_then(Arg::get_long).unwrap_or_default();
        let variable = arg.and_then(Arg::get_env).unwrap_or_default().to_string_lossy();
        let message = format!(
            "--{option} is not accepted: other users of the machine can see arguments. Set {variable}, or \
             give --{option}-file PATH"
        );
        Err(command.clone().error(ErrorKind::InvalidValue, message))
    }
}

/// A secret that was given as a value or in a file; the file `-` is the next line of standard input.
pub(crate) fn secret(
    what: &str,
    value: Option<&String>,
    file: Option<&PathBuf>,
) -> Result<Option<String>, Failure> {
    let text = match (value, file) {
        (Some(value), _) => value.clone(),
        (None, Some(path)) if path == Path::new("-") => return read_line(what).map(Some),
        (None, Some(path)) => {
            let mut text = String::new();
            let read =
                File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
            read.map_err(|error| Failure::unreadable(what, path, &error))?;
            text
        }
        (None, None) => return Ok(None),
    };
    whole(what, &text).map(Some)
}

/// Takes the next line of standard input.
pub(crate) fn read_line(what: &str) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        output::notice(&format!("Paste the {what} and press Enter:"));
    }
    let mut line = String::new();
    let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.map_err(|error| Failure::unreadable(what, Path::new("-"), &error))?;
    whole(what, &line)
}

/// Without the white space around it, of which there is some at the end of each file, and the byte order
/// mark that some editors put before it.
fn whole(what: &str, text: &str) -> Result<String, Failure> {
    let trimmed = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let problem = match stray_characters(trimmed) {
        _ if trimmed.is_empty() => "is empty".to_owned(),
        Some(found) => found.to_string(),
        None => return Ok(trimmed.to_owned()),
    };
    Err(unusable(what, &problem))
}

/// A secret that was not given at all.
pub(crate) fn missing(what: &str) -> Failure {
    unusable(what, "is missing")
}

fn unusable(what: &str, problem: &str) -> Failure {
    let name = what.replace(' ', "_").to_ascii_uppercase();
    let option = format!("--{}-file", what.replace(' ', "-"));
    Failure::usage(format!("the {what} {problem}")).help(format!(
        "set FINCH_{name}, or give it in a file ({option} PATH) or on standard input ({option} -)"
    ))
}
