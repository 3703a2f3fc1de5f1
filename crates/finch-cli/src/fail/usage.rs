//! Mistakes on the command line. A value may be a secret that slipped there: none is repeated but short
//! words in lower case.

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
        // The best one is the last one.
        let suggested = command
            .and_then(known_elsewhere)
            .map(str::to_owned)
            .or_else(|| named(ContextKind::SuggestedArg))
            .or_else(|| named(ContextKind::SuggestedSubcommand))
            .and_then(|names| names.rsplit(", ").next().map(str::to_owned))
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
            ErrorKind::InvalidSubcommand => "`finch --help` lists the commands",
            _ => "`finch COMMAND --help` shows what it takes",
        };
        failure.help(format!("{}{list}", suggested.unwrap_or_default()))
    }
}

/// A text that may be repeated: as short and plain as a command's or a product's name, and as no secret is.
pub(crate) fn as_word(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == '_';
    (text.len() <= 20 && text.chars().all(plain)).then_some(text)
}

/// What other programs call it.
fn known_elsewhere(word: &str) -> Option<&'static str> {
    Some(match word {
        "version" => "finch --version",
        "init" => "finch keys init",
        "list" | "ls" | "status" => "finch connections",
        "login" | "auth" | "authorize" => "finch connect",
        "callback" | "complete" => "finch exchange",
        "delete" | "remove" | "rm" | "revoke" => "finch disconnect",
        "log" | "logs" | "history" => "finch events",
        "check" => "finch doctor",
        "rotate" | "rotate-kek" => "finch keys rotate",
        "serve" => "finch demo --serve",
        "completion" => "finch completions",
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
