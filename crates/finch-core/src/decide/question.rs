//! Questions: what a webhook leaves to ask. Whatever a webhook says, only Finch's answer changes anything.

use jiff::Timestamp;

use crate::{
    Draft, ExchangeFailure, FailureKind, FinchApiError, Question, Seq, TokenId, WebhookEvent,
    decide::schedule::trouble, exchange_failure,
};

/// Whether a webhook speaks of a connection's health, and names the connection or its employer. Any other webhook
/// is for the host alone.
pub fn speaks_of_health(event: &WebhookEvent) -> bool {
    let names_one = event.connection_id.is_some() || event.company_id.is_some();
    names_one && (event.event_type == "account.updated" || event.status.is_some())
}

/// A webhook speaks of this connection: Finch is to be asked about its tokens.
pub fn ask(draft: &mut Draft) {
    draft.now.question = Some(Question { number: Seq::OF_COMMIT, failures: 0, next_try: None });
}

/// Finch was asked about every token in use, because of the question of this number; a newer one stays. Of `unproven`
/// tokens Finch has said what time does not mend: a person should look at them.
pub fn answered(
    draft: &mut Draft,
    number: Seq,
    unproven: &[(TokenId, FinchApiError)],
    now: Timestamp,
) {
    draft.now.question.take_if(|question| question.number == number);
    for (token, error) in unproven {
        let live = draft.token_mut(*token).filter(|token| token.state.is_live());
        if let Some(token) = live {
            token.progress.trouble = Some(trouble(error, 1, now, 0.0).0);
        }
    }
}

/// Finch could not answer the question of this number. It is asked again later.
pub fn unanswered(
    draft: &mut Draft,
    number: Seq,
    error: &FinchApiError,
    now: Timestamp,
    jitter: f64,
) {
    let asked = draft.now.question.as_mut().filter(|question| question.number == number);
    if let Some(question) = asked {
        question.failures += 1;
        question.next_try = Some(trouble(error, question.failures, now, jitter).1);
    }
}

/// Whether Finch cannot answer for any connection: it did not look at the request, or nothing was sent. Another
/// error may be of one connection alone.
pub fn is_away(error: &FinchApiError) -> bool {
    exchange_failure(error) == ExchangeFailure::NotSent
}

/// Whether time can mend an answer that proves nothing, so that it is worth asking again.
pub fn time_mends(error: &FinchApiError) -> bool {
    use FailureKind as K;
    let kind = error.failure_kind();
    matches!(kind, K::TryLater | K::PaymentRequired | K::Unreadable | K::NoAnswer | K::Backend)
}
