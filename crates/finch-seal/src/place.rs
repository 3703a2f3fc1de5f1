//! Where a sealed token belongs.

use crate::blob::Header;
use crate::framing::framed;

const LABEL: &[u8] = b"finch-seal token v1";

/// What a sealed token is bound to: it opens under an equal place only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The application at Finch that the store is bound to.
    pub client_id: &'a str,
    /// The customer that the token belongs to. `None` is not the same as an empty name.
    pub customer: Option<&'a str>,
    /// The connection's id.
    pub connection_id: &'a str,
    /// The token's own fingerprint.
    pub fingerprint: &'a [u8; 32],
    /// What the token may be used for, as a number of the caller's. One that is sealed for one purpose does not open
    /// for another: an edited row can't revive a token, nor declare it dead.
    pub purpose: u8,
}

impl Place<'_> {
    /// The associated data of a blob that stands here.
    pub(crate) fn bound_to(&self, header: Header, store: &[u8; 16]) -> Vec<u8> {
        framed(&[
            LABEL,
            &header.to_bytes(),
            store,
            self.client_id.as_bytes(),
            &[u8::from(self.customer.is_some())],
            self.customer.unwrap_or_default().as_bytes(),
            self.connection_id.as_bytes(),
            self.fingerprint,
            &[self.purpose],
        ])
    }
}
