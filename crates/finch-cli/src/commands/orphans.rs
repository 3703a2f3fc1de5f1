//! Exchanges whose token may exist at Finch without anybody having it: part of two listings.

use finch_app::{Finch, PossibleOrphan};

use crate::{
    fail::Failure,
    output::{Sheet, warn},
    wiring::{Scope, in_scope},
    words::{count, moment, trouble},
};

const PAGE: usize = 100;

/// All of them.
pub(crate) async fn possible_orphans(
    finch: &Finch,
    scope: &Scope,
) -> Result<Vec<PossibleOrphan>, Failure> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = in_scope!(scope, |scope| finch.possible_orphans(scope, after, PAGE).await)?;
        after = page.last().map(|orphan| orphan.id);
        found.extend(page);
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// What they are, and the way out.
pub(crate) fn show(orphans: &[PossibleOrphan], sheet: &mut Sheet) {
    if orphans.is_empty() {
        return;
    }
    let many = count(orphans.len(), "token may exist", "tokens may exist");
    sheet.title(&format!("{many} at Finch that nobody has"));
    for orphan in orphans {
        let why = match &orphan.failure {
            Some(failure) => trouble(failure),
            None => "the process ended before Finch's answer came".to_owned(),
        };
        sheet.text(
            &format!("{} ", warn("!")),
            &format!(
                "customer {}, exchange of {}: {why}",
                orphan.customer,
                moment(orphan.began_at)
            ),
        );
        let renewed = orphan.reauthenticates.as_ref();
        let again = renewed.map(|id| format!(" --reauthenticate {id}")).unwrap_or_default();
        sheet.line(format!("  finch connect --customer '{}'{again} …", orphan.customer));
    }
    sheet.gap();
    sheet.text(
        "",
        "Connect these customers again: the new token joins the same connection, which clears this, and \
         one disconnect then ends both tokens. Until then Finch may bill for the lost one.",
    );
}
