//! The answer to `POST /auth/token`: the most precious one, since its token is live and billed.

use finch_core::{AccessToken, AuthorizationCode, FinchApi, FinchApiError, Grant};

use super::ANSWER_WORDS;
use crate::{
    Target,
    canary::{CODE, SECRET, TOKEN, chain, debug, hidden},
    http_answers::{Asked, answered},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "token_answer",
    run: token_answer,
    words: ANSWER_WORDS,
    reaches: &[
        "token: placed",
        "token: placed by /introspect",
        "token: not placed",
        "token: unreadable",
        "token: asked again",
        "token: refused",
    ],
};

/// The answers to an exchange.
pub fn token_answer(data: &[u8]) {
    let code = AuthorizationCode::new(CODE);
    let (said, asked) = answered(data, async |finch| finch.exchange(&code, None).await);
    check_exchange(&said, &asked);
}

/// What holds of every exchange.
pub(crate) fn check_exchange(said: &Result<Grant, FinchApiError>, asked: &[Asked]) {
    let exchanges: Vec<_> = asked.iter().filter(|a| a.path == "/auth/token").collect();
    let (last, earlier) = exchanges.split_last().expect("the code went out");
    assert!(earlier.iter().all(|a| a.status == 429), "a code is sent again only after a 429");
    if !earlier.is_empty() {
        note("token: asked again");
    }
    match said {
        Ok(grant) => {
            assert!(last.is_success());
            check_grant(grant, last);
            note(match asked.last() {
                Some(other) if other.path == "/introspect" => "token: placed by /introspect",
                _ => "token: placed",
            });
        }
        Err(error) => {
            let shown = chain(error);
            hidden(&shown, &[SECRET, CODE]);
            if last.is_success() && !last.tells {
                hidden(&shown, &[TOKEN]);
            }
            note(match error {
                FinchApiError::Unplaced { .. } => "token: not placed",
                FinchApiError::Unreadable { .. } => "token: unreadable",
                _ => "token: refused",
            });
        }
    }
}

fn check_grant(grant: &Grant, answer: &Asked) {
    let token: &AccessToken = &grant.secret;
    if answer.is_plain() && answer.json().is_some() {
        assert_eq!(answer.text("access_token").as_deref(), Some(token.expose()));
    }
    assert!(!token.expose().is_empty());
    // Where the canary is the token, and nothing else.
    let body = String::from_utf8_lossy(&answer.body);
    if body.matches(TOKEN).count() == 1 && token.expose().contains(TOKEN) {
        hidden(&debug(grant), &[TOKEN]);
    }
    hidden(&debug(grant), if body.contains(SECRET) { &[] } else { &[SECRET] });
}
