//! Finch's errors: which parts of them are kept.

use finch_core::{Answer, FinchApiError, MAX_ID_BYTES};

use crate::{call::OutgoingCall, reply::Reply, wire::Object};

/// The error for an answer outside 2xx. Its body may be Finch's error in one of its shapes, a proxy's page, or
/// empty.
pub(crate) fn refusal(reply: &Reply, call: &OutgoingCall<'_>) -> FinchApiError {
    let mut answer = reply.answer.clone();
    if let Ok(body) = reply.object() {
        read(&body, call, &mut answer);
    }
    answer.into_error()
}

fn read(body: &Object<'_>, call: &OutgoingCall<'_>, answer: &mut Answer) {
    // What ends a token must not contradict itself.
    let (name, finch_code) = (body.only_text("name"), body.only_text("finch_code"));
    answer.finch_shaped = name.is_some()
        || finch_code.is_some()
        || (body.is_integer("code") && body.text("message").is_some());
    answer.name = name.filter(|text| is_word(text) && !call.is_echoed_in(text));
    answer.finch_code = finch_code.filter(|text| is_word(text) && !call.is_echoed_in(text));
    if let Some(context) = body.object("context") {
        // A longer text is not an id, and would fill logs.
        let is_id = |text: &String| text.len() <= MAX_ID_BYTES && !call.is_echoed_in(text);
        let id = context.text("connection_id").filter(is_id);
        answer.connection_id = id.and_then(|id| id.parse().ok());
    }
}

/// Finch's names and codes are such words; secrets and control characters are not.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}
