//! What can happen in a history.

use proptest::prelude::*;

/// One thing that happens. Small numbers name customers, providers, companies and, counted from the
/// oldest, the connections and attempts that there are by then.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A customer connects: begin, log in, exchange.
    Connect {
        /// Who.
        customer: u8,
        /// Where.
        provider: u8,
        /// For which employer.
        company: u8,
        /// With which of the employer's credentials.
        credentials: u8,
    },
    /// The same, and Finch leaves the employer out until it is asked again.
    ConnectNameless {
        /// Who.
        customer: u8,
        /// Where.
        provider: u8,
        /// For which employer.
        company: u8,
    },
    /// The same, and Finch's answer to the exchange is lost.
    ConnectAndLoseTheAnswer {
        /// Who.
        customer: u8,
        /// Where.
        provider: u8,
        /// For which employer.
        company: u8,
    },
    /// The same, and a disconnect of the customer's connection runs while the exchange does.
    ConnectDuringDisconnect {
        /// Who.
        customer: u8,
        /// Where.
        provider: u8,
        /// For which employer.
        company: u8,
        /// Whether Finch has issued the token before the disconnect begins.
        issued_before: bool,
    },
    /// A customer renews a connection.
    Reauthenticate {
        /// Who.
        customer: u8,
        /// Which of its connections.
        which: u8,
    },
    /// A customer disconnects a connection.
    Disconnect {
        /// Who.
        customer: u8,
        /// Which of its connections.
        which: u8,
    },
    /// The operator disconnects a connection for everyone.
    DisconnectForEveryone {
        /// Which of all connections.
        which: u8,
    },
    /// A connection is ended in Finch's dashboard.
    EndFromDashboard {
        /// Which of all connections.
        which: u8,
    },
    /// A webhook says that a connection is unhealthy, and is processed.
    Hint {
        /// Which of all connections.
        which: u8,
        /// What it says: that it has ended, or that the employer must authenticate again.
        ended: bool,
    },
    /// A customer's data call answered 401.
    ReportUnauthorized {
        /// Who.
        customer: u8,
        /// Which of its connections.
        which: u8,
    },
    /// The same callback comes again.
    CompleteAgain {
        /// Which of all attempts.
        which: u8,
    },
    /// Finch cannot answer the next call.
    FailNext {
        /// With which status.
        kind: u8,
    },
    /// One pass of the reconciler.
    Reconcile,
    /// An hour passes.
    Wait,
}

fn small(below: u8) -> impl Strategy<Value = u8> {
    0..below
}

fn step(customers: u8) -> impl Strategy<Value = Step> {
    let place = move || (small(customers), small(2), small(2));
    prop_oneof![
        6 => (place(), small(2)).prop_map(|((customer, provider, company), credentials)| {
            Step::Connect { customer, provider, company, credentials }
        }),
        1 => place().prop_map(|(customer, provider, company)| {
            Step::ConnectNameless { customer, provider, company }
        }),
        1 => place().prop_map(|(customer, provider, company)| {
            Step::ConnectAndLoseTheAnswer { customer, provider, company }
        }),
        2 => (place(), any::<bool>()).prop_map(|((customer, provider, company), issued_before)| {
            Step::ConnectDuringDisconnect { customer, provider, company, issued_before }
        }),
        1 => (small(customers), small(4)).prop_map(|(customer, which)| Step::Reauthenticate { customer, which }),
        4 => (small(customers), small(4)).prop_map(|(customer, which)| Step::Disconnect { customer, which }),
        1 => small(6).prop_map(|which| Step::DisconnectForEveryone { which }),
        1 => small(6).prop_map(|which| Step::EndFromDashboard { which }),
        1 => (small(customers), small(4)).prop_map(|(customer, which)| Step::ReportUnauthorized { customer, which }),
        1 => (small(6), any::<bool>()).prop_map(|(which, ended)| Step::Hint { which, ended }),
        1 => small(8).prop_map(|which| Step::CompleteAgain { which }),
        2 => small(6).prop_map(|kind| Step::FailNext { kind }),
        2 => Just(Step::Reconcile),
        1 => Just(Step::Wait),
    ]
}

/// A history of up to `longest` steps, of three customers.
pub fn steps(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(3), 1..=longest)
}
