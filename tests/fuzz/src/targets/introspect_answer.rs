//! The answer to `GET /introspect`: on its word tokens live or die.

use finch_core::{AccessToken, FinchApi};

use super::ANSWER_WORDS;
use crate::{
    Target,
    canary::{TOKEN, chain, hidden},
    http_answers::answered,
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "introspect_answer",
    run: introspect_answer,
    words: ANSWER_WORDS,
    reaches: &[
        "introspect: accepted",
        "introspect: nameless",
        "introspect: unreadable",
        "introspect: refused",
    ],
};

/// The answers to an introspection.
pub fn introspect_answer(data: &[u8]) {
    let token = AccessToken::new(TOKEN);
    let (said, asked) = answered(data, async |finch| finch.introspect(&token).await);
    let last = asked.last().expect("a call was made");
    match said {
        Ok(said) => {
            assert!(last.is_success());
            if let Some(json) = last.json() {
                let text = |name: &str| json.get(name).and_then(|value| value.as_str());
                assert_eq!(text("connection_id"), Some(said.connection_id.as_str()));
                assert_eq!(text("provider_id"), Some(said.provider_id.as_str()));
                let company = text("company_id").and_then(|id| id.parse().ok());
                assert_eq!(company, said.company_id);
                assert!(json["connection_status"]["status"].is_string());
            }
            let named = said.company_id.is_some();
            note(if named { "introspect: accepted" } else { "introspect: nameless" });
        }
        Err(error) => {
            hidden(&chain(&error), &[TOKEN]);
            let success = last.is_success();
            note(if success { "introspect: unreadable" } else { "introspect: refused" });
        }
    }
}
