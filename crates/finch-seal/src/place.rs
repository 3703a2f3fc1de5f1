//! Where a sealed secret belongs.

use crate::blob::Header;
use crate::framing::framed;

const LABEL: &[u8] = b"finch-seal blob v1";

/// The row that holds a sealed secret. Nothing of it can change later: a blob that is found
/// anywhere else does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// What the row is, such as `token`: two kinds of rows may have the same numbers.
    pub kind: &'a str,
    /// The number of the row.
    pub row: u64,
    /// The application at Finch that the store is bound to.
    pub client_id: &'a str,
    /// The customer that the secret belongs to; none is not the same as an empty name.
    pub customer: Option<&'a str>,
}

impl Place<'_> {
    /// The associated data of a blob that stands here.
    pub(crate) fn bound_to(&self, header: Header, store: &[u8; 16]) -> Vec<u8> {
        framed(&[
            LABEL,
            &header.to_bytes(),
            store,
            self.kind.as_bytes(),
            &self.row.to_be_bytes(),
            self.client_id.as_bytes(),
            &[u8::from(self.customer.is_some())],
            self.customer.unwrap_or_default().as_bytes(),
        ])
    }
}
