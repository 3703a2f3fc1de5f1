//! Why no attempt began, and what to do.

use finch_core::{Actionable, Advice, ErrorKind, FinchApiError, StoreError};
use thiserror::Error;

/// Why no attempt began.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BeginConnectError {
    /// The customer's name is empty or too long.
    #[error("the customer's name must have 1 to 255 characters")]
    CustomerName,
    /// No product was asked for.
    #[error("no product is asked for")]
    NoProducts,
    /// The lifetime is not one that Finch takes.
    #[error("a session lives for whole minutes, from 1 minute to 90 days")]
    Lifetime,
    /// There is no such connection, or it is another customer's.
    #[error("there is no such connection")]
    NotFound,
    /// The connection that was to be renewed has ended, here or at Finch.
    #[error("the connection has ended, and cannot be renewed")]
    Ended,
    /// The connection that was to be renewed is being disconnected. Nothing was sent.
    #[error("the connection is being disconnected")]
    Disconnecting,
    /// Finch did not open a session.
    #[error("Finch did not open a Connect session")]
    Finch(#[source] FinchApiError),
    /// The store failed. No attempt was kept; try again.
    #[error("the attempt could not be stored, and was not begun")]
    Store(#[from] StoreError),
}

impl Actionable for BeginConnectError {
    fn advice(&self) -> Advice {
        let input = |code, step| Advice::new(ErrorKind::InvalidInput, code, step);
        match self {
            Self::CustomerName => {
                input("customer_name", "give the name that Finch Connect shows for the customer")
            }
            Self::NoProducts => {
                input("no_products", "give at least one, such as company or directory")
            }
            Self::Lifetime => input("lifetime", "give a lifetime within these limits"),
            Self::NotFound => Advice::no_such_connection(),
            Self::Ended => {
                let step = "connect the customer again, without reauthenticating";
                Advice::new(ErrorKind::State, "ended", step)
            }
            Self::Disconnecting => {
                let step = "wait for its end (`finch reconcile`), then connect the customer again";
                Advice::new(ErrorKind::State, "disconnecting", step)
            }
            Self::Finch(error) => error.advice(),
            Self::Store(error) => error.advice(),
        }
    }
}
