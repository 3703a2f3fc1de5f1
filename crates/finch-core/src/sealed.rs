//! What a store keeps of secrets: keyed hashes and sealed bytes, and the key ring that made them. The port
//! carries these and no secret; `finch-app` makes and opens them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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
    Held,
    /// The same, and to hand it out once Finch has accepted it.
    InDoubt,
    /// To hand the token out, too.
    Usable,
    /// Finch has refused the token: the proof that an open disconnect waits for.
    Refused,
}

impl SealedAs {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Held, Self::InDoubt, Self::Usable, Self::Refused];

    /// Its number in what a secret is bound to. It never changes.
    pub fn number(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Usable => 1,
            Self::Refused => 2,
            Self::InDoubt => 3,
        }
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordHead {
    /// How many events.
    pub events: u64,
    /// The hash; zeros for no events.
    pub hash: Hash,
}

/// A keyed hash.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
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
        f.write_str("StoreId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// 64 hex digits.
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

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(de::Error::custom("a hash has 64 hex digits"));
        }
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            let value = hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low);
            *byte = value.ok_or_else(|| de::Error::custom("a hash has 64 hex digits"))?;
        }
        Ok(Self(bytes))
    }
}
