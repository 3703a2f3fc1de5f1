//! Plain words for what Finch names in code.

use std::borrow::Cow;

use finch_app::{ConnectionId, ConnectionView, Product, ProviderId, Timestamp};
use url::form_urlencoded;

/// What people call a product.
pub(crate) fn product(product: &Product) -> Cow<'_, str> {
    match product {
        Product::Benefits | Product::Deduction => "Benefits and deductions".into(),
        Product::Company => "Company details".into(),
        Product::Directory => "Employee directory".into(),
        Product::Documents => "Documents".into(),
        Product::Employment => "Employment and income".into(),
        Product::Individual => "Personal details".into(),
        Product::Payment => "Payroll runs".into(),
        Product::PayStatement => "Pay statements".into(),
        Product::Plans => "Benefit plans".into(),
        Product::PlansDependents => "Dependents in plans".into(),
        Product::PlansEnrollments => "Enrolments in plans".into(),
        Product::Recordkeeping => "Recordkeeping".into(),
        Product::Ssn => "Social Security numbers".into(),
        other => sentence(&other.to_string()).into(),
    }
}

/// The same in the middle of a sentence.
pub(crate) fn product_within(product: &Product) -> String {
    let name = self::product(product);
    if *product == Product::Ssn {
        return name.into_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What people call a provider: its own writing where that is known, or else what its id says.
pub(crate) fn provider(id: &ProviderId) -> Cow<'_, str> {
    let known = PROVIDERS.iter().find(|(known, _)| *known == id.as_str());
    let title = || Some(title(&id.to_string())).filter(|title| !title.is_empty());
    match known {
        Some((_, name)) => (*name).into(),
        None => title().unwrap_or_else(|| id.to_string()).into(),
    }
}

/// Providers whose names are not what their ids say.
const PROVIDERS: [(&str, &str); 16] = [
    ("adp_run", "ADP Run"),
    ("adp_totalsource", "ADP TotalSource"),
    ("adp_workforce_now", "ADP Workforce Now"),
    ("bamboo_hr", "BambooHR"),
    ("bob", "HiBob"),
    ("onpay", "OnPay"),
    ("quickbooks", "QuickBooks Payroll"),
    ("quickbooks_online", "QuickBooks Online"),
    ("sage_hr", "Sage HR"),
    ("surepayroll", "SurePayroll"),
    ("trinet", "TriNet"),
    ("trinet_hr", "TriNet HR"),
    ("ukg_pro", "UKG Pro"),
    ("ukg_ready", "UKG Ready"),
    ("wave", "Wave Payroll"),
    ("zenefits", "TriNet Zenefits"),
];

/// A name in the middle of our words, whichever way it is written: it does not turn them around. What in it
/// would end the isolation is left out.
pub(crate) fn isolated(name: &str) -> String {
    let name = name.replace(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'], "");
    format!("\u{2068}{name}\u{2069}")
}

/// `paychex_flex` as `Paychex Flex`.
fn title(code: &str) -> String {
    let words = code.split(['_', '-']).filter(|word| !word.is_empty());
    words.map(sentence).collect::<Vec<_>>().join(" ")
}

/// `payroll_notes` as `Payroll notes`.
fn sentence(code: &str) -> String {
    let spaced = code.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A day, as people write it.
pub(crate) fn day(at: &Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

/// An id as one segment of a path, or one value of a query.
pub(crate) fn segment(id: &ConnectionId) -> String {
    let written = form_urlencoded::byte_serialize(id.as_str().as_bytes());
    written.collect::<String>().replace('+', "%20")
}

/// The note on a disconnect that does not go on without an operator.
pub(crate) fn attention(view: &ConnectionView) -> Option<&'static str> {
    let mut troubles = view.tokens.iter().filter_map(|token| token.trouble.as_ref());
    let needed = troubles.any(|trouble| trouble.failure.kind.needs_attention());
    needed.then_some("Our team needs to look at it: it is on their list.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_is_still_readable() {
        let id = |text: &str| text.parse::<ProviderId>().expect("an id");
        assert_eq!(provider(&id("bamboo_hr")), "BambooHR");
        assert_eq!(provider(&id("paychex_flex")), "Paychex Flex");
        assert_eq!(provider(&id("_")), "_");
        assert_eq!(provider(&id("élan")), "Élan");
        assert_eq!(provider(&id("a\u{202e}b_\u{3164}")), "A\\u{202e}b \\u{3164}");
        assert_eq!(product(&Product::from("a\u{ad}")), "A\\u{ad}");
        assert_eq!(isolated("a\u{2069}b"), "\u{2068}ab\u{2069}");
        assert_eq!(product(&Product::from("payroll_notes")), "Payroll notes");
        assert_eq!(product(&Product::PayStatement), "Pay statements");
        assert_eq!(product_within(&Product::PayStatement), "pay statements");
        assert_eq!(product_within(&Product::Ssn), "Social Security numbers");
        let at = "2026-01-02T23:59:59Z".parse().expect("a time");
        assert_eq!(day(&at), "2 January 2026");
    }
}
