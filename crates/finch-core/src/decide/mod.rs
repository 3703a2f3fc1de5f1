//! Everything that decides, as pure functions: a connection as loaded, and an event, give the connection
//! as it should be. What changes one takes its [`Draft`](crate::Draft). Nothing here reads a clock, a
//! store or a network.
//!
//! | question | answered by |
//! |---|---|
//! | To which connection does a token belong? | [`place`] |
//! | What may an exchange's token be, beside the connection's disconnects? | [`initial_state`] |
//! | What is written when a token arrives? | [`admit`] |
//! | What does Finch's word on a token change? | [`observe`] |
//! | What would a disconnect hit, and may this scope do it? | [`plan`] |
//! | What does a disconnect write first? | [`fence`]; or, where others use the connection, [`retire`] |
//! | What is the next call, what does its answer prove, and when is it over? | [`next_step`], [`send`], [`record`], [`lost_calls`], [`finish`]; and where a row was edited, [`disprove`] |
//! | What is left over when nothing lives? | [`is_left_over`] |
//! | Has what Finch said left something to do at once? | [`has_new_work`] |
//! | How does an operator end what Finch does not prove? | [`close`] |
//! | What needs a person? | [`attention`] |
//! | What does a restored backup leave in doubt? | [`doubt`] |
//! | Where do Finch and the store differ? | [`drift_of_token`], [`drift`] |
//! | What is recorded of a first use? | [`hand_out`] |
//! | Why is there no token, and would a renewal bring one? | [`why_no_token`], [`has_ended_for`], [`is_ending_for`] |
//! | What does a webhook leave to ask, and what ends the question? | [`speaks_of_health`], [`ask`], [`answered`], [`unanswered`], [`time_mends`], [`is_away`] |

mod admit;
mod agreed;
mod attention;
mod doubt;
mod drift;
mod fence;
mod identity;
mod initial_state;
mod merge;
mod observe;
mod plan;
mod question;
mod retire;
mod revoke;
mod schedule;
mod usable;

pub use admit::{Admitted, Arrival, Arrived, Source, admit};
pub use agreed::PlanMark;
pub use attention::{Attention, Matter, attention};
pub use doubt::doubt;
pub use drift::{Drift, Finding, drift, drift_of_token};
pub use fence::fence;
pub use identity::{Placement, contradicts, place, same_connection};
pub use initial_state::initial_state;
pub use observe::{AskedAt, Observation, Observed, observe};
pub use plan::{Plan, PlanVerdict, Subject, plan};
pub use question::{answered, ask, is_away, speaks_of_health, time_mends, unanswered};
pub use retire::{is_left_over, retire};
pub use revoke::{
    Call, Step, close, disprove, finish, lacks_a_readable_token, lost_calls, next_step, record,
    send, unreadable,
};
pub use schedule::{agenda, has_new_work, nameless_token};
pub use usable::{TokenError, hand_out, has_ended_for, is_ending_for, why_no_token};
