//! Finch's products.

/// The products that a Connect session can ask for, and what Connect calls them.
pub(crate) const PRODUCTS: [(&str, &str); 14] = [
    ("benefits", "Benefits and deductions"),
    ("company", "Company details"),
    ("deduction", "Benefits and deductions"),
    ("directory", "Who works there"),
    ("documents", "Documents"),
    ("employment", "Jobs, pay and dates of employment"),
    ("individual", "People’s details"),
    ("payment", "Payments"),
    ("pay_statement", "Pay statements"),
    ("plans", "Benefit plans"),
    ("plans_dependents", "Dependents in benefit plans"),
    ("plans_enrollments", "Enrolments in benefit plans"),
    ("recordkeeping", "Retirement recordkeeping"),
    ("ssn", "Social security numbers"),
];

/// The organization products, which are granted unless others are named.
pub(crate) fn organization_products() -> Vec<String> {
    ["company", "directory", "employment", "individual"].map(str::to_owned).into()
}
