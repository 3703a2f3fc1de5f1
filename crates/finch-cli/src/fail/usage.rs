//! Mistakes on the command line, as clap words them. A value may be a secret that slipped there: none is repeated
//! but short words of letters.

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Failure;

impl From<Error> for Failure {
    fn from(mut error: Error) -> Self {
        // These advise to repeat what was given.
        error.remove(ContextKind::Suggested);
        hide(&mut error, ContextKind::InvalidValue, str::is_empty);
        hide(&mut error, ContextKind::InvalidSubcommand, is_word);
        if error.kind() == ErrorKind::UnknownArgument {
            // Of `--code=C` clap has cut the value off.
            hide(&mut error, ContextKind::InvalidArg, |name| name.starts_with('-'));
        }
        let text = error.render().to_string();
        let mut parts = text
            .trim_start_matches("error: ")
            .split("\n\n")
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
        let message = parts.next().unwrap_or_default();
        let tip = parts.find_map(|part| part.strip_prefix("tip: ").map(|tip| format!("{tip}; ")));
        let help = "`finch --help` lists the commands, and `finch COMMAND --help` what each takes";
        Self::usage(message).help(format!("{}{help}", tip.unwrap_or_default()))
    }
}

fn hide(error: &mut Error, kind: ContextKind, may_be_shown: fn(&str) -> bool) {
    let shown = match error.get(kind) {
        Some(ContextValue::String(text)) => may_be_shown(text),
        _ => true,
    };
    if !shown {
        error.insert(kind, ContextValue::String("…".to_owned()));
    }
}

/// As short and plain as a command's name, and as no secret is.
fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
    text.len() <= 20 && text.chars().all(plain)
}
