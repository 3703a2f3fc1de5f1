//! `GET /providers`: the payroll and HR systems, and how people name them.

use serde_json::{Value, json};

use crate::{
    answer::{self, Answer},
    call::Call,
    ids::slug,
    refusal::Refusal,
    world::{
        Authentication::{self, ApiToken, Assisted, Credential, Oauth},
        ProviderName, World,
    },
};

/// A provider that Finch lists. Others may be named all the same: people have all sorts.
pub(crate) struct Provider {
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    methods: &'static [Authentication],
    products: &'static [&'static str],
    primary_color: &'static str,
    mfa_required: bool,
    beta: bool,
}

const ORGANIZATION: &[&str] = &["company", "directory", "individual", "employment"];
const PAYROLL: &[&str] =
    &["company", "directory", "individual", "employment", "payment", "pay_statement"];
const ALL: &[&str] =
    &["company", "directory", "individual", "employment", "payment", "pay_statement", "benefits"];

#[rustfmt::skip]
pub(crate) static PROVIDERS: [Provider; 14] = [
    provider("gusto", "Gusto", ALL, &[Oauth, Credential, Assisted], "#f45d48"),
    provider("justworks", "Justworks", PAYROLL, &[Credential, Assisted], "#00a0dd").with_mfa(),
    provider("adp_run", "ADP Run", PAYROLL, &[Credential, Assisted], "#d0271d").with_mfa(),
    provider("adp_workforce_now", "ADP Workforce Now", PAYROLL, &[ApiToken, Assisted], "#d0271d"),
    provider("bamboo_hr", "BambooHR", ORGANIZATION, &[ApiToken, Credential], "#73c41d"),
    provider("rippling", "Rippling", ALL, &[ApiToken, Credential, Assisted], "#502d3c"),
    provider("quickbooks", "QuickBooks Payroll", PAYROLL, &[Credential, Assisted], "#2ca01c").with_mfa(),
    provider("paychex_flex", "Paychex Flex", PAYROLL, &[Oauth, Credential, Assisted], "#004b8d").with_mfa(),
    provider("square_payroll", "Square Payroll", PAYROLL, &[Oauth, Credential, Assisted], "#28c101"),
    provider("workday", "Workday", ORGANIZATION, &[ApiToken, Credential], "#0875e1"),
    provider("zenefits", "TriNet Zenefits", PAYROLL, &[Oauth, Credential], "#f98500"),
    provider("paylocity", "Paylocity", ALL, &[ApiToken, Credential, Assisted], "#ed5206"),
    provider("paycom", "Paycom", PAYROLL, &[Credential, Assisted], "#006938").with_mfa(),
    provider("deel", "Deel", ORGANIZATION, &[ApiToken, Credential], "#15357a").in_beta(),
];

const fn provider(
    id: &'static str,
    display_name: &'static str,
    products: &'static [&'static str],
    methods: &'static [Authentication],
    primary_color: &'static str,
) -> Provider {
    let (mfa_required, beta) = (false, false);
    Provider { id, display_name, methods, products, primary_color, mfa_required, beta }
}

impl Provider {
    const fn with_mfa(mut self) -> Self {
        self.mfa_required = true;
        self
    }

    const fn in_beta(mut self) -> Self {
        self.beta = true;
        self
    }

    pub(crate) fn offers(&self, method: Authentication) -> bool {
        self.methods.contains(&method)
    }

    pub(crate) fn colour(&self) -> &'static str {
        self.primary_color
    }

    pub(crate) fn by_id(id: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.id == id)
    }

    fn to_json(&self) -> Value {
        let methods: Vec<_> =
            self.methods.iter().map(|method| json!({ "type": method.as_str() })).collect();
        json!({
            "id": self.id,
            "display_name": self.display_name,
            "products": self.products,
            "mfa_required": self.mfa_required,
            "primary_color": self.primary_color,
            "manual": self.methods == [Assisted],
            "beta": self.beta,
            "authentication_methods": methods,
        })
    }
}

/// Needs no authentication, and ignores what there is.
pub(crate) fn list(_: &mut World, _: &Call) -> Result<Answer, Refusal> {
    let providers: Vec<_> = PROVIDERS.iter().map(Provider::to_json).collect();
    Ok(answer::ok(&providers))
}

impl ProviderName {
    /// The provider that somebody means: a known one however it is written (`ADP Run`,
    /// `adp_run`, `AdpRun`), or one of which nobody has heard, by its name as an id.
    pub(crate) fn named(name: &str) -> Self {
        let name = name.trim();
        let known =
            PROVIDERS.iter().find(|known| alike(name, known.id) || alike(name, known.display_name));
        let id = match known {
            Some(known) => known.id.to_owned(),
            None => Some(slug(name)).filter(|id| !id.is_empty()).unwrap_or_else(|| name.to_owned()),
        };
        Self { id, name: name.to_owned() }
    }

    /// Whether people can sign in there in this way. One that is not listed offers all.
    pub(crate) fn offers(&self, method: Authentication) -> bool {
        Provider::by_id(&self.id).is_none_or(|known| known.offers(method))
    }

    /// How people sign in there unless the application asks for something else.
    pub(crate) fn usual_method(&self) -> Authentication {
        match Provider::by_id(&self.id).map(|known| known.methods) {
            Some([first, ..]) if !self.offers(Credential) => *first,
            _ => Credential,
        }
    }
}

/// The same letters and digits, whatever their case and what stands between them.
fn alike(a: &str, b: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    letters(a).eq(letters(b))
}
