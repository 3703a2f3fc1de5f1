//! Plain words for what Finch names in code.

use std::borrow::Cow;

use finch_app::{ConnectionId, Product, ProviderId, Timestamp};
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
        Product::Ssn => "Social security numbers".into(),
        other => sentence(other.as_str()).into(),
    }
}

/// What people call a provider, as far as its id says it.
pub(crate) fn provider(id: &ProviderId) -> Cow<'_, str> {
    sentence(id.as_str()).into()
}

/// `bamboo_hr` as `Bamboo hr`.
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

/// `1 sign-in`, `2 sign-ins`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        let id = "a/b?c#d e\"<".parse().expect("an id");
        assert_eq!(segment(&id), "a%2Fb%3Fc%23d%20e%22%3C");
    }

    #[test]
    fn a_code_that_nobody_knows_is_still_readable() {
        let id = |text: &str| text.parse::<ProviderId>().expect("an id");
        assert_eq!(provider(&id("bamboo_hr")), "Bamboo hr");
        assert_eq!(provider(&id("élan")), "Élan");
        assert_eq!(product(&Product::from("payroll_notes")), "Payroll notes");
        assert_eq!(product(&Product::PayStatement), "Pay statements");
        let at = "2026-01-02T23:59:59Z".parse().expect("a time");
        assert_eq!(day(&at), "2 January 2026");
    }
}
