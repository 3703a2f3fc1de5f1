//! Why a page is not shown.

use axum::response::Response;
use finch_app::{BeginConnectError, DisconnectError, StoreError};

use crate::{
    form::{BadBody, Twice},
    guard::NoRandomness,
    problem::Problem,
};

/// Why a page is not shown.
pub(crate) enum Stop {
    /// Nobody has signed in: what says so.
    Anonymous(Box<Response>),
    /// Something is wrong: a page that says what.
    Problem(Problem),
}

impl Stop {
    /// The same, in answer to a form.
    pub(crate) fn of_a_form(self) -> Self {
        match self {
            Self::Problem(problem) => Self::Problem(problem.of_a_form()),
            anonymous @ Self::Anonymous(_) => anonymous,
        }
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

macro_rules! stops {
    ($($error:ty),*) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::Problem(error.into())
            }
        }
    )*};
}
stops!(BadBody, Twice, NoRandomness, StoreError, BeginConnectError, DisconnectError);
