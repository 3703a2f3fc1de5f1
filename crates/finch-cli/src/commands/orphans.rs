//! Exchanges whose token may exist at Finch without being stored: part of three listings.

use finch_app::PossibleOrphan;

use crate::{
    output::{Sheet, bold},
    words::moment,
};

/// What they are, and what to do about each.
pub(crate) fn show(orphans: &[PossibleOrphan], sheet: &mut Sheet) {
    for what in orphans {
        let exchange = what.exchange.0.0;
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
