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
            if let Some(json) = last.json().filter(|_| last.is_plain()) {
                let text = |name: &str| json.get(name).and_then(|value| value.as_str());
                let connection = text("connection_id").and_then(|id| id.parse().ok());
                assert_eq!(connection, said.facts.connection_id);
                let provider = text("provider_id").and_then(|id| id.parse().ok());
                let old_name = || text("payroll_provider_id").and_then(|id| id.parse().ok());
                assert_eq!(provider.or_else(old_name), said.facts.provider_id);
                let company = text("company_id").and_then(|id| id.parse().ok());
                assert_eq!(company, said.facts.company_id);
                let status = json["connection_status"]["status"].as_str();
                let status = status.filter(|status| !status.is_empty()).map(Into::into);
                assert_eq!(status, said.status);
            }
            let named = said.facts.company_id.is_some();
            note(if named { "introspect: accepted" } else { "introspect: nameless" });
        }
        Err(error) => {
            hidden(&chain(&error), &[TOKEN]);
            let success = last.is_success();
            note(if success { "introspect: unreadable" } else { "introspect: refused" });
        }
    }
}
