//! Exchanges whose token may exist at Finch without being stored: part of three listings.

use finch_app::{Finch, PossibleOrphan};
use finch_core::Scope;
use serde::Serialize;

use crate::{
    fail::Failure,
    output::{Sheet, bold},
    words::moment,
};

const PAGE: usize = 100;

/// A lost exchange, with the number that `finch close --exchange` takes.
#[derive(Serialize)]
pub(crate) struct Lost {
    pub(crate) exchange: u64,
    #[serde(flatten)]
    pub(crate) what: PossibleOrphan,
}

impl From<PossibleOrphan> for Lost {
    fn from(what: PossibleOrphan) -> Self {
        Self { exchange: what.id.0.0, what }
    }
}

/// All of them.
pub(crate) async fn all(finch: &Finch, scope: &impl Scope) -> Result<Vec<Lost>, Failure> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = finch.possible_orphans(scope, after, PAGE).await?;
        after = page.last().map(|orphan| orphan.id);
        found.extend(page.into_iter().map(Lost::from));
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// What they are, and what to do about each.
pub(crate) fn show(orphans: &[Lost], sheet: &mut Sheet) {
    for Lost { exchange, what } in orphans {
        sheet.gap();
        sheet.open(&bold("A token may exist at Finch that is stored nowhere"));
        sheet.pair("customer", what.customer.as_str());
        sheet.pair("exchange", &format!("{exchange}, of {}", moment(what.began_at)));
        let why = what.failure.as_ref().map(ToString::to_string);
        let lost = "the process ended before Finch's answer came";
        sheet.pair("because", why.as_deref().unwrap_or(lost));
        let renewed = what.reauthenticates.as_ref();
        let again = renewed.map(|id| format!(" --reauthenticate {id}")).unwrap_or_default();
        let customer = &what.customer;
        sheet.pair(
            "what to do",
            &format!(
                "connect the customer again, and one disconnect ends both: finch connect --customer \
                 '{customer}'{again} …; or, if Finch's dashboard shows no such connection: finch close \
                 --exchange {exchange} --reason TEXT"
            ),
        );
    }
}
