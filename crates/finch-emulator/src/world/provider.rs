//! The payroll and HR systems that Finch lists, and how people name them.

use super::{
    Authentication::{self, ApiToken, Assisted, Credential, Oauth},
    ids::slug,
};

/// A provider that Finch lists.
pub(crate) struct Provider {
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) methods: &'static [Authentication],
    pub(crate) products: &'static [&'static str],
    pub(crate) primary_color: &'static str,
}

const ORGANIZATION: &[&str] = &["company", "directory", "individual", "employment"];
const PAYROLL: &[&str] =
    &["company", "directory", "individual", "employment", "payment", "pay_statement"];
const ALL: &[&str] =
    &["company", "directory", "individual", "employment", "payment", "pay_statement", "benefits"];

#[rustfmt::skip]
pub(crate) static PROVIDERS: [Provider; 14] = [
    provider("gusto", "Gusto", ALL, &[Oauth, Credential, Assisted], "#f45d48"),
    provider("justworks", "Justworks", PAYROLL, &[Credential, Assisted], "#00a0dd"),
    provider("adp_run", "ADP Run", PAYROLL, &[Credential, Assisted], "#d0271d"),
    provider("adp_workforce_now", "ADP Workforce Now", PAYROLL, &[ApiToken, Assisted], "#d0271d"),
    provider("bamboo_hr", "BambooHR", ORGANIZATION, &[ApiToken, Credential], "#73c41d"),
    provider("rippling", "Rippling", ALL, &[ApiToken, Credential, Assisted], "#502d3c"),
    provider("quickbooks", "QuickBooks Payroll", PAYROLL, &[Credential, Assisted], "#2ca01c"),
    provider("paychex_flex", "Paychex Flex", PAYROLL, &[Oauth, Credential, Assisted], "#004b8d"),
    provider("square_payroll", "Square Payroll", PAYROLL, &[Oauth, Credential, Assisted], "#28c101"),
    provider("workday", "Workday", ORGANIZATION, &[ApiToken, Credential], "#0875e1"),
    provider("zenefits", "TriNet Zenefits", PAYROLL, &[Oauth, Credential], "#f98500"),
    provider("paylocity", "Paylocity", ALL, &[ApiToken, Credential, Assisted], "#ed5206"),
    provider("paycom", "Paycom", PAYROLL, &[Credential, Assisted], "#006938"),
    provider("deel", "Deel", ORGANIZATION, &[ApiToken, Credential], "#15357a"),
];

pub(crate) const MFA_REQUIRED: [&str; 5] =
    ["justworks", "adp_run", "quickbooks", "paychex_flex", "paycom"];
pub(crate) const BETA: [&str; 1] = ["deel"];

const fn provider(
    id: &'static str,
    display_name: &'static str,
    products: &'static [&'static str],
    methods: &'static [Authentication],
    primary_color: &'static str,
) -> Provider {
    Provider { id, display_name, methods, products, primary_color }
}

impl Provider {
    pub(crate) fn offers(&self, method: Authentication) -> bool {
        self.methods.contains(&method)
    }

    pub(crate) fn by_id(id: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.id == id)
    }
}

/// A provider as a person named it, and its id.
#[derive(Clone)]
pub(crate) struct ProviderName {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl ProviderName {
    /// A listed provider in any spelling (`ADP Run`, `adp_run`, `AdpRun`), or an unlisted one, whose id
    /// follows from its name.
    pub(crate) fn named(name: &str) -> Self {
        let name = name.trim();
        let listed =
            |listed: &&Provider| alike(name, listed.id) || alike(name, listed.display_name);
        let id = match PROVIDERS.iter().find(listed) {
            Some(listed) => listed.id.to_owned(),
            None => Some(slug(name)).filter(|id| !id.is_empty()).unwrap_or_else(|| name.to_owned()),
        };
        Self { id, name: name.to_owned() }
    }

    /// Whether it offers this authentication method. An unlisted provider offers all.
    pub(crate) fn offers(&self, method: Authentication) -> bool {
        Provider::by_id(&self.id).is_none_or(|listed| listed.offers(method))
    }

    /// The authentication method unless the application asks for one.
    pub(crate) fn default_method(&self) -> Authentication {
        match Provider::by_id(&self.id).map(|listed| listed.methods) {
            Some([first, ..]) if !self.offers(Credential) => *first,
            _ => Credential,
        }
    }
}

/// Whether two names have the same letters and digits, ignoring case.
fn alike(a: &str, b: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    letters(a).eq(letters(b))
}
