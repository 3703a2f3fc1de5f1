//! Finch's open vocabularies. Finch adds values without notice ("new error values" and new fields
//! are backward compatible by its rules), so that an unknown one is kept as it came.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Visible;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] #[doc = ""] $(#[$vdoc])* $variant,)*
            /// A value that this release does not know, as Finch wrote it.
            Other(Box<str>),
        }

        impl $name {
            /// The values that this release knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)*];

            /// The value as Finch writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text $(| $alias)* => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> String {
                word.as_str().to_owned()
            }
        }

        /// For people: [`Visible`]. What machines exchange is [`as_str`](Self::as_str).
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Visible(self.as_str()).fmt(f)
            }
        }
    )*};
}

words! {
    /// A Finch product: what a token may read or write. (`POST /connect/sessions`, 2026-08.)
    Product {
        Benefits = "benefits",
        Company = "company",
        /// The deprecated alias of `benefits`.
        Deduction = "deduction",
        Directory = "directory",
        Documents = "documents",
        /// Individual employment and income data.
        Employment = "employment",
        /// Individual data without income and employment.
        Individual = "individual",
        Payment = "payment",
        PayStatement = "pay_statement",
        Plans = "plans",
        PlansDependents = "plans_dependents",
        PlansEnrollments = "plans_enrollments",
        Recordkeeping = "recordkeeping",
        /// Social security numbers: a scope of its own.
        Ssn = "ssn",
    }

    /// The state of a connection at Finch (`connection_status.status` of `GET /introspect`).
    ConnectionStatus {
        /// Assisted: the token exists, access to the provider does not yet.
        Pending = "pending",
        /// Assisted: the first pull runs.
        Processing = "processing",
        Connected = "connected",
        /// The employer must authenticate again. The token stays, and so does the bill.
        Reauth = "reauth" | "error_reauth",
        /// Assisted: no invitation came. Two misspellings of Finch's are read as well.
        ErrorNoAccountSetup = "error_no_account_setup" | "error_no_acount_setup" | "error_no_accout_setup",
        /// Assisted: wrong permissions.
        ErrorPermissions = "error_permissions",
        /// Ended (webhooks and entities only).
        Disconnected = "disconnected",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_survives_and_an_alias_is_understood() {
        assert_eq!(Product::from("payroll_notes").as_str(), "payroll_notes");
        assert_eq!(ConnectionStatus::from("error_reauth"), ConnectionStatus::Reauth);
        assert_eq!(
            ConnectionStatus::from("error_no_accout_setup").as_str(),
            "error_no_account_setup"
        );
    }
}
