//! Connections, customers and tokens by number.

use finch_core::{
    Application, ClientId, CompanyId, ConnectionId, CustomerId, Origin, ProviderId, Seq, TokenId,
};
use finch_testkit::Chance;

/// So many tokens does a connection have, unless its store says otherwise.
pub(crate) const TOKENS: u64 = 3;

/// One connection in so many needs work, and a person.
const RARE: u64 = 50;

const PROVIDERS: [&str; 4] = ["gusto", "adp_run", "bamboo_hr", "quickbooks"];

/// A connection by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered(pub(crate) u64);

impl Numbered {
    /// Ids look like Finch's, and come in no order. The number stands at the end.
    fn uuid(self, salt: u64) -> String {
        let [a, b, c, d, e, f, g, h] = mix(self.0 ^ salt).to_be_bytes();
        format!(
            "{a:02x}{b:02x}{c:02x}{d:02x}-{e:02x}{f:02x}-4{:03x}-8{h:03x}-{:012x}",
            u16::from(g),
            self.0
        )
    }

    pub(crate) fn connection_id(self) -> ConnectionId {
        ConnectionId::new(self.uuid(1 << 60)).unwrap()
    }

    pub(crate) fn company(self) -> CompanyId {
        CompanyId::new(self.uuid(2 << 60)).unwrap()
    }

    pub(crate) fn provider(self) -> ProviderId {
        ProviderId::new(PROVIDERS[(self.0 % 4) as usize]).unwrap()
    }

    pub(crate) fn customer(self) -> CustomerId {
        CustomerId::new(format!("customer-{}", self.0)).unwrap()
    }

    /// Its secret number `token`, which [`of_secret`] finds the way back from.
    pub(crate) fn secret(self, token: u64) -> String {
        self.uuid((3 << 60) ^ (token << 40))
    }

    /// What a secret or a code was made for.
    pub(crate) fn of_secret(secret: &str) -> Option<Self> {
        let (_, number) = secret.rsplit_once('-')?;
        u64::from_str_radix(number, 16).ok().map(Self)
    }

    /// Whether it needs work, and a person.
    pub(crate) fn is_rare(self) -> bool {
        self.0 % RARE == 7
    }
}

/// How the numbers of the sequence lie in a store whose connections have `tokens` tokens each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) connections: u64,
    pub(crate) tokens: u64,
}

impl Layout {
    pub(crate) fn of(tokens: u64) -> Self {
        Self { connections: tokens / TOKENS, tokens: TOKENS }
    }

    /// A connection takes one number, each token two: its exchange began, and ended.
    fn stride(self) -> u64 {
        1 + 2 * self.tokens
    }

    pub(crate) fn key(self, connection: u64) -> u64 {
        1 + connection * self.stride()
    }

    pub(crate) fn token(self, connection: u64, token: u64) -> TokenId {
        TokenId(Seq(self.key(connection) + 2 + 2 * token))
    }

    pub(crate) fn last(self) -> u64 {
        self.connections * self.stride()
    }

    /// Some connection that is not rare. Equal `n` give equal ones.
    pub(crate) fn any(self, n: u64) -> Numbered {
        let all = (0..).map(|step| Numbered(mix(n ^ (step << 56)) % self.connections));
        all.into_iter().find(|found| !found.is_rare()).unwrap()
    }
}

/// The same number for the same `n`, as good as random.
pub(crate) fn mix(n: u64) -> u64 {
    Chance::new(n).next_u64()
}

/// The application of every store.
pub(crate) fn application() -> Application {
    Application {
        client_id: ClientId::new("4ab15e51-11ad-49f4-acae-f343b7794375").unwrap(),
        origin: Origin::new("http://127.0.0.1:1").unwrap(),
    }
}
