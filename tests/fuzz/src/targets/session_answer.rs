//! The answer to `POST /connect/sessions`: an address that a person is sent to.

use finch_core::{FinchApi, Origin, State};

use super::{
    ANSWER_WORDS,
    error_body::{new_session, reauthenticate},
};
use crate::{
    Target,
    canary::{SECRET, TOKEN, chain, debug, hidden},
    http_answers::answered,
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "session_answer",
    run: session_answer,
    words: ANSWER_WORDS,
    reaches: &["session: opened", "session: unreadable", "session: refused"],
};

/// The answers to a request for a session, new or again. `@TOKEN@` stands for what is secret in the
/// address.
pub fn session_answer(data: &[u8]) {
    let again = data.first() == Some(&b'!');
    let data = data.strip_prefix(b"!").unwrap_or(data);
    let (said, asked) = answered(data, async |finch| match again {
        false => finch.new_session(&new_session()).await,
        true => finch.reauthenticate_session(&reauthenticate()).await,
    });
    let last = asked.last().expect("a call was made");
    match said {
        Ok(session) => {
            assert!(last.is_success());
            let origin = Origin::new(session.connect_url.expose()).expect("https, or this machine");
            assert!(origin.as_str().starts_with("http"));
            if !session.session_id.as_str().contains(TOKEN) {
                hidden(&debug(&session), &[TOKEN]);
            }
            let url = session.connect_url.with_state(&State::new(SECRET)).expect("an address");
            assert_eq!(Origin::new(url.expose()), Ok(origin), "a state changes no origin");
            let url = url::Url::parse(url.expose()).unwrap();
            let state = url.query_pairs().filter(|(name, _)| name == "state").last();
            assert_eq!(state.unwrap().1, SECRET);
            note("session: opened");
        }
        Err(error) => {
            let shown = chain(&error);
            hidden(&shown, &[SECRET]);
            if last.is_success() && !last.tells {
                hidden(&shown, &[TOKEN]);
            }
            let success = last.is_success();
            note(if success { "session: unreadable" } else { "session: refused" });
        }
    }
}
