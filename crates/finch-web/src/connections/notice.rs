//! What has just happened, above the connections.

use finch_app::ConnectionState;

use super::card::Card;
use crate::form::Fields;

/// What has just happened, by a word in the address. The address also names the connection; the words on
/// it are read from the customer's own, so that nothing of an address is shown.
pub(super) struct Notice {
    pub(super) class: &'static str,
    /// The same for the page's title.
    pub(super) short: &'static str,
    pub(super) text: String,
}

impl Notice {
    pub(super) fn of(query: Option<&str>, current: &[Card], ended: &[Card]) -> Option<Self> {
        use ConnectionState::{Connected, Disconnected, Disconnecting, Unverified};
        let fields = Fields::of_query(query);
        let one = |name| fields.one(name).ok().flatten();
        let (done, id) = (one("done")?, one("connection").unwrap_or_default());
        let is_named = |card: &&Card| card.view.connection_ids.iter().any(|i| i.as_str() == id);
        let named = current.iter().chain(ended).find(is_named);
        let name = named.map(Card::full_name);
        let (class, short, text) = match (done, named.map(|card| card.view.state)) {
            ("connected" | "checking", Some(Connected)) => {
                ("good", "Connected", format!("{} is now connected.", name?))
            }
            ("connected" | "checking", Some(Unverified)) => (
                "good",
                "Signed in",
                format!("You have signed in. We are still checking {}.", name?),
            ),
            ("ended", state) => {
                let name = match state {
                    Some(Disconnecting | Disconnected) => name?,
                    _ => "The connection that this sign-in made".to_owned(),
                };
                let text = format!(
                    "{name} has ended, or is being ended. To share data again, connect again."
                );
                ("act", "Ended", text)
            }
            ("denied", _) => {
                ("", "Not finished", "You left before finishing. Nothing was changed.".to_owned())
            }
            _ => return None,
        };
        Some(Self { class, short, text })
    }
}
