//! Ids: random or by seed for what Finch makes, by name for what people name.

use uuid::Uuid;

/// The namespace of ids that follow from a name.
const NAMESPACE: Uuid = Uuid::from_u128(0x0b6a_2ab8_6e0c_4f5e_9d0e_7f1c_c0ff_ee01);

/// What gets an id of its own. Each kind counts for itself, so that with a seed the third
/// connection has the same id however many calls came before it.
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
        let Some(seed) = self.seed else {
            return Uuid::new_v4();
        };
        let made = &mut self.made[kind as usize];
        *made += 1;
        Uuid::new_v5(&NAMESPACE, format!("{seed}/{kind:?}/{made}").as_bytes())
    }
}

impl Ids {
    /// 24 bytes that no id shows: random, or with a seed those after the ids so far.
    pub(crate) fn unused_bytes(&self) -> [u8; 24] {
        let part = |name: &str| match self.seed {
            None => Uuid::new_v4(),
            Some(seed) => {
                let events = self.made[Kind::Event as usize];
                Uuid::new_v5(&NAMESPACE, format!("{seed}/{name}/{events}").as_bytes())
            }
        };
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(part("secret").as_bytes());
        bytes[16..].copy_from_slice(&part("more of it").as_bytes()[..8]);
        bytes
    }
}

/// The id of a company: the same name is the same company, in every run.
pub(crate) fn company_id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("company/{}", name.trim().to_lowercase()).as_bytes())
}

/// The id of the company's own account, or entity, behind a connection.
pub(crate) fn account_id(connection: Uuid) -> Uuid {
    Uuid::new_v5(&connection, b"account")
}

/// The id of another entity behind a connection, by its name.
pub(crate) fn entity_id(connection: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&connection, format!("entity/{}", name.to_lowercase()).as_bytes())
}

/// Names a token without giving it away: the first 16 hex digits of its UUIDv5 in the OID
/// namespace.
pub(crate) fn fingerprint(token: &str) -> String {
    let mut hex = Uuid::new_v5(&Uuid::NAMESPACE_OID, token.as_bytes()).simple().to_string();
    hex.truncate(16);
    hex
}

/// A name as an id: `"Acme HR, Inc."` becomes `acme_hr_inc`.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.extend(word.chars().flat_map(char::to_lowercase));
    }
    slug
}
