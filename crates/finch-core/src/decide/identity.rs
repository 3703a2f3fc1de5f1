//! Identity: rules R1 to R5.

use crate::{CompanyId, Connection, Found, TokenFacts};

/// Whether two tokens certainly belong to one connection, from what Finch says about them alone.
/// R1: same provider and company. R2: same `connection_id`. R3: otherwise not.
pub fn same_connection(a: &TokenFacts, b: &TokenFacts) -> bool {
    let same_pair =
        a.provider_id == b.provider_id && a.company_id.is_some() && a.company_id == b.company_id;
    same_pair || a.connection_id == b.connection_id
}

/// Where an arriving token belongs.
#[derive(Clone, Debug)]
pub enum Placement {
    /// To a connection that does not exist yet.
    New,
    /// To this one.
    Into(Connection),
    /// To this provisional one, whose employer it names (R4).
    CompletesCompany(Connection, CompanyId),
    /// To the first; and it proves that the second, provisional one is the same (R4).
    Merges(Connection, Connection),
    /// Its `connection_id` is this connection's, its provider or employer is not (R5).
    Conflict(Connection),
}

/// Where a token with these facts belongs, among what the store found for it.
pub fn place(facts: &TokenFacts, found: &Found) -> Placement {
    let Some(named) = &found.by_connection_id else {
        return match &found.by_pair {
            Some(pair) => Placement::Into(pair.clone()),
            None => Placement::New,
        };
    };
    if contradicts(named, facts) {
        return Placement::Conflict(named.clone());
    }
    match (&named.company, &facts.company_id) {
        (Some(_), _) | (None, None) => Placement::Into(named.clone()),
        (None, Some(company)) => match &found.by_pair {
            Some(pair) => Placement::Merges(pair.clone(), named.clone()),
            None => Placement::CompletesCompany(named.clone(), company.clone()),
        },
    }
}

/// Whether a token with these facts cannot be of this connection, though it has one of its
/// `connection_id`s: its provider or company is another one (R5).
pub fn contradicts(connection: &Connection, facts: &TokenFacts) -> bool {
    let other_company = matches!(
        (&connection.company, &facts.company_id),
        (Some(known), Some(company)) if known != company
    );
    connection.provider != facts.provider_id || other_company
}
