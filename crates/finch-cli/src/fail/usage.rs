//! Mistakes on the command line. A value may be a secret that slipped there: none is repeated but short
//! words of letters.

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let named = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(option_name(text)),
            Some(ContextValue::Strings(texts)) => {
                let names: Vec<_> = texts.iter().map(|text| option_name(text)).collect();
                Some(names.join(", "))
            }
            _ => None,
        };
        let invalid = named(ContextKind::InvalidArg);
        let command = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
            (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) => as_word(word),
            _ => None,
        };
        let group = group(&error);
        let in_group = |name: String| format!("{group} {name}");
        let best = |kind| named(kind)?.rsplit(", ").next().map(str::to_owned);
        let suggested = command
            .and_then(|word| known_elsewhere(group, word))
            .map(str::to_owned)
            .or_else(|| best(ContextKind::SuggestedArg))
            .or_else(|| best(ContextKind::SuggestedSubcommand).map(in_group))
            .map(|name| format!("did you mean `{name}`? "));
        let message = match (error.kind(), invalid) {
            (ErrorKind::UnknownArgument, Some(name)) if name.starts_with('-') => {
                format!("there is no option {name} here")
            }
            (ErrorKind::UnknownArgument, _) => "there is an argument too many".to_owned(),
            (ErrorKind::InvalidSubcommand, _) => match command {
                Some(word) => format!("there is no command {word}"),
                None => "there is no such command".to_owned(),
            },
            (ErrorKind::MissingSubcommand, _) => "the command is missing".to_owned(),
            (ErrorKind::MissingRequiredArgument, Some(names)) => format!("{names} is missing"),
            (ErrorKind::ArgumentConflict, Some(name)) => {
                match named(ContextKind::PriorArg).filter(|prior| *prior != name) {
                    Some(prior) => format!("{name} and {prior} do not go together"),
                    None => format!("{name} is given twice"),
                }
            }
            (ErrorKind::InvalidValue, Some(name)) if has_no_value(&error) => {
                format!("{name} needs a value")
            }
            (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(name)) => {
                format!("the value of {name} cannot be used")
            }
            (_, Some(name)) => format!("{name} cannot be used like this"),
            _ => "the command line cannot be understood".to_owned(),
        };
        let mut failure = Self::usage(message);
        if let Some(ContextValue::Strings(valid)) = error.get(ContextKind::ValidValue)
            && !valid.is_empty()
        {
            failure.because.push(format!("it must be {}", valid.join(" or ")));
        }
        // The checks of values say what is wrong, and repeat nothing of what was given.
        if error.kind() == ErrorKind::ValueValidation
            && let Some(source) = std::error::Error::source(&error)
        {
            failure.because.push(source.to_string());
        }
        let list = match error.kind() {
            ErrorKind::InvalidSubcommand => format!("`{group} --help` lists the commands"),
            _ => "`finch COMMAND --help` shows what it takes".to_owned(),
        };
        failure.help(format!("{}{list}", suggested.unwrap_or_default()))
    }
}

/// A text that may be repeated: as short and plain as a command's or a product's name, and as no secret is.
pub(crate) fn as_word(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
    (text.len() <= 20 && text.chars().all(plain)).then_some(text)
}

/// The group of commands in which the mistake was made.
fn group(error: &Error) -> &'static str {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    match usage.split_whitespace().nth(2) {
        Some("keys") => "finch keys",
        Some("store") => "finch store",
        _ => "finch",
    }
}

/// What other programs call it.
fn known_elsewhere(group: &str, word: &str) -> Option<&'static str> {
    Some(match (group, word.to_ascii_lowercase().as_str()) {
        (_, "version") => "finch --version",
        ("finch keys", "list" | "ls" | "show" | "check") => "finch keys status",
        ("finch keys", "new" | "create" | "generate" | "add") => "finch keys init",
        ("finch keys" | "finch store", _) => return None,
        (_, "init") => "finch keys init",
        (_, "list" | "ls" | "status") => "finch connections",
        (_, "login" | "auth" | "authorize") => "finch connect",
        (_, "callback" | "complete") => "finch exchange",
        (_, "delete" | "remove" | "rm" | "revoke") => "finch disconnect",
        (_, "log" | "logs" | "history") => "finch events",
        (_, "check") => "finch doctor",
        (_, "rotate") => "finch keys rotate",
        (_, "rotate-kek") => "finch keys rotate-kek",
        (_, "serve") => "finch demo --serve",
        (_, "completion") => "finch completions",
        _ => return None,
    })
}

fn has_no_value(error: &Error) -> bool {
    matches!(error.get(ContextKind::InvalidValue), Some(ContextValue::String(value)) if value.is_empty())
}

/// The name of an option or argument, without a value that stands behind it.
fn option_name(text: &str) -> String {
    text.split('=').next().unwrap_or(text).to_owned()
}
