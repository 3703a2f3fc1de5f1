//! Ids: random or from the seed for what Finch creates, from the name for what people name.

use uuid::Uuid;

/// The namespace of ids that follow from a name.
const NAMESPACE: Uuid = Uuid::from_u128(0x0b6a_2ab8_6e0c_4f5e_9d0e_7f1c_c0ff_ee01);

/// What has ids. Each kind is counted separately, so that with a seed the third connection has the same
/// id however many requests came before it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Request,
    Code,
    Session,
    Connection,
    AccessToken,
    TokenId,
    Event,
}

#[derive(Clone)]
pub(crate) struct Ids {
    seed: Option<u64>,
    made: [u64; 7],
}

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { seed, made: [0; 7] }
    }

    pub(crate) fn make(&mut self, kind: Kind) -> Uuid {
        let made = &mut self.made[kind as usize];
        *made += 1;
        match self.seed {
            None => Uuid::new_v4(),
            Some(seed) => Uuid::new_v5(&NAMESPACE, format!("{seed}/{kind:?}/{made}").as_bytes()),
        }
    }

    /// 32 bytes that no id shows: random, or from the seed and the number of events.
    pub(crate) fn secret_bytes(&self) -> Vec<u8> {
        let half = |name: &str| match self.seed {
            None => Uuid::new_v4(),
            Some(seed) => {
                let events = self.made[Kind::Event as usize];
                Uuid::new_v5(&NAMESPACE, format!("{seed}/{name}/{events}").as_bytes())
            }
        };
        [half("secret").into_bytes(), half("second half").into_bytes()].concat()
    }
}

/// The id of a company, which follows from its name.
pub(crate) fn company_id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("company/{}", name.trim().to_lowercase()).as_bytes())
}

/// The id of the company's own account, or entity, of a connection.
pub(crate) fn account_id(connection: Uuid) -> Uuid {
    Uuid::new_v5(&connection, b"account")
}

/// The id of another entity of a connection.
pub(crate) fn entity_id(connection: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&connection, format!("entity/{}", name.to_lowercase()).as_bytes())
}

/// Identifies a token without revealing it: the first 16 hex digits of its UUIDv5 in the OID namespace.
pub(crate) fn fingerprint(token: &str) -> String {
    let mut hex = Uuid::new_v5(&Uuid::NAMESPACE_OID, token.as_bytes()).simple().to_string();
    hex.truncate(16);
    hex
}

/// A name as an id: `"Acme HR, Inc."` becomes `acme_hr_inc`.
pub(crate) fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}
