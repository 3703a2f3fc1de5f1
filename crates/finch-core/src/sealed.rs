//! What a store keeps of secrets: keyed hashes and sealed bytes, and the key ring that made them. The port
//! carries these and no secret; `finch-app` makes and opens them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A keyed hash by which a secret is found again. It reveals nothing without the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "crate::Hash", into = "crate::Hash")]
pub struct Fingerprint(pub [u8; 32]);

/// A sealed secret: opaque bytes, and the number of the data key that sealed them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The number of the data key.
    pub epoch: u32,
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

/// For what a secret is sealed. It does not open for anything else, so that an edited row can neither revive its
/// token nor declare it dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedAs {
    /// To ask Finch about the token, and to disconnect it.
    Held = 0,
    /// The same, and to hand it out once Finch has accepted it.
    InDoubt = 3,
    /// To hand the token out, too.
    Usable = 1,
    /// Finch has refused the token: the proof that an open disconnect waits for.
    Refused = 2,
}

impl SealedAs {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Held, Self::InDoubt, Self::Usable, Self::Refused];

    /// Its number in what a secret is bound to. It never changes.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// The random identity of a store. What is sealed for one does not open in another.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreId(pub [u8; 16]);

/// The key ring of a store, wrapped with a key that is kept elsewhere. The store compares `version` and
/// `oldest`, and does not look into `document`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    /// Counts the replacements: 1 for the first key ring.
    pub version: u64,
    /// The wrapped keys.
    pub document: Vec<u8>,
    /// The number of the oldest data key in it: no sealed secret names an older one.
    pub oldest: u32,
    /// How far the record of events that belong to no connection goes.
    pub record: RecordHead,
}

/// How far a record of events goes: how many there are, and a keyed hash over all of them in their order.
///
/// A store keeps the newest head only, so that without the key no shorter record can be made to look whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordHead {
    /// How many events.
    pub events: u64,
    /// The hash; zeros for no events.
    pub hash: Hash,
}

/// A keyed hash. Its text is 64 hex digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl From<Hash> for Fingerprint {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl From<Fingerprint> for Hash {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(fingerprint.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", Hash(self.0))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes, epoch {})", self.bytes.len(), self.epoch)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreId({:032x})", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;
    fn try_from(digits: String) -> Result<Self, Self::Error> {
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let bytes = digits.as_bytes().chunks(2).map(byte).collect::<Option<Vec<_>>>();
        let is_whole = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let whole = bytes.filter(|_| is_whole).and_then(|bytes| bytes.try_into().ok());
        whole.map(Self).ok_or("a hash has 64 hex digits")
    }
}
