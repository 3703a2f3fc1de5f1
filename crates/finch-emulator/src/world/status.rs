//! The status of a connection.

use serde::{Deserialize, Serialize, de::value::StrDeserializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Pending,
    Processing,
    Connected,
    ErrorNoAccountSetup,
    ErrorPermissions,
    Reauth,
    /// Only a disconnect leads here.
    #[serde(skip_deserializing)]
    Disconnected,
}

impl Status {
    pub(crate) const ALL: [Self; 7] = [
        Self::Pending,
        Self::Processing,
        Self::Connected,
        Self::ErrorNoAccountSetup,
        Self::ErrorPermissions,
        Self::Reauth,
        Self::Disconnected,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Connected => "connected",
            Self::ErrorNoAccountSetup => "error_no_account_setup",
            Self::ErrorPermissions => "error_permissions",
            Self::Reauth => "reauth",
            Self::Disconnected => "disconnected",
        }
    }

    /// A status that a connection can be set to.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::deserialize(StrDeserializer::<serde::de::value::Error>::new(name)).ok()
    }

    /// The CSS class of its badge.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Connected => "good",
            Self::Disconnected => "over",
            Self::Pending | Self::Processing => "plain",
            Self::ErrorNoAccountSetup | Self::ErrorPermissions | Self::Reauth => "warn",
        }
    }

    /// Finch's `message` beside the status.
    pub(crate) fn message(self) -> Option<&'static str> {
        match self {
            Self::Connected | Self::Disconnected => None,
            Self::Pending => Some("Waiting for access to the provider"),
            Self::Processing => Some("The first data are being read"),
            Self::ErrorNoAccountSetup => Some("No invitation received from the provider"),
            Self::ErrorPermissions => Some("The account lacks permissions at the provider"),
            Self::Reauth => Some("Please reauthenticate user"),
        }
    }
}
