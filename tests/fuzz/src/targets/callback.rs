//! State and callback: whatever a browser brings back, in whatever order, ends in a result or a typed
//! error, and a code goes out at most once.

use std::time::Duration;

use finch_app::{
    BeginConnectError, CompleteConnectError, CompletedConnect, ConnectRequest, Flow, Quarantine,
};
use finch_core::{
    Answer, AuthorizationCode, ConnectionId, CustomerId, CustomerScope, Product, RedirectUri, State,
};
use finch_testkit::Reach;
use finch_tests::World;

use crate::{
    Target,
    canary::{CODE, SECRET, chain, debug, filled, hidden},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "callback",
    run: callback,
    words: &[
        "b|acme|",
        "b|globex|",
        "r|acme|connection-",
        "c|acme|$0|@0",
        "c|globex|$1|@1",
        "o||$0|@0",
        "c|acme|$0|other",
        "w|3600",
        "w|90000",
        "f|503",
        "f|429",
        "f|401",
        "f|400",
        "f|408",
        "l",
        "\n",
        "|",
        "Acme Inc",
        "company,directory",
        "60",
        "86400",
        "7776000",
        "https://host.example/callback",
        "http://evil.example",
        "$",
        "@",
        "\u{202e}",
        " ",
    ],
    reaches: &[
        "callback: begun",
        "callback: not begun",
        "callback: connected",
        "callback: the first result again",
        "callback: UnknownState",
        "callback: Expired",
        "callback: StateUsed",
        "callback: NotSent",
        "callback: Failed",
        "callback: Unknown",
        "callback: no customer",
    ],
};

/// An attempt that has begun, and what is known of it.
struct Begun {
    customer: CustomerId,
    state: State,
    code: AuthorizationCode,
    /// The code whose exchange was sent.
    sent: Option<String>,
    /// What came of it.
    result: Option<CompletedConnect>,
}

/// One event a line: begin, reauthenticate, complete (as customer or operator), wait, fail, lose.
/// `$n` is the state of the nth attempt, `@n` the code that its login brought.
pub fn callback(data: &[u8]) {
    let data = filled(data, &[("@SECRET@", SECRET), ("@CODE@", CODE)]);
    let text = String::from_utf8_lossy(&data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let world = World::in_memory(Reach::Pair).await;
        let mut begun = Vec::new();
        for line in text.split('\n').take(40) {
            event(&world, &mut begun, line).await;
        }
    });
}

async fn event(world: &World, begun: &mut Vec<Begun>, line: &str) {
    let mut fields = line.split('|');
    let mut field = || fields.next().unwrap_or_default();
    match field() {
        "b" => {
            let (customer, name, products, redirect, lifetime) =
                (field(), field(), field(), field(), field());
            begin(world, begun, customer, None, request(name, products, redirect, lifetime)).await;
        }
        "r" => {
            let (customer, connection) = (field(), field());
            let request = request("Acme", "", "", "");
            begin(world, begun, customer, Some(connection), request).await;
        }
        "c" => complete(world, begun, Some(field()), field(), field()).await,
        "o" => {
            field();
            complete(world, begun, None, field(), field()).await;
        }
        "w" => {
            let seconds = field().parse().unwrap_or(0);
            // A century at most: clocks end somewhere.
            world.system.pass(Duration::from_secs(u64::min(seconds, 3_000_000_000)));
        }
        "f" => {
            let status = field().parse().unwrap_or(503);
            let name = Some("some_error".to_owned());
            let failure = Answer { status, name, finch_shaped: true, ..Answer::default() };
            world.finch.fail_next(failure.into_error());
        }
        "l" => world.finch.lose_next_answer(),
        _ => {}
    }
}

fn request(name: &str, products: &str, redirect: &str, lifetime: &str) -> ConnectRequest {
    let products = products.split(',').filter(|p| !p.is_empty()).map(Product::from).collect();
    let flow = match RedirectUri::new(redirect) {
        Ok(uri) => Flow::Redirect(uri),
        Err(_) => Flow::Embedded,
    };
    let mut request = ConnectRequest::new(name, products, flow);
    if let Ok(seconds) = lifetime.parse() {
        request.lifetime = Duration::from_secs(seconds);
    }
    request
}

async fn begin(
    world: &World,
    begun: &mut Vec<Begun>,
    customer: &str,
    again: Option<&str>,
    request: ConnectRequest,
) {
    let Ok(customer) = CustomerId::new(customer) else {
        return note("callback: no customer");
    };
    let scope = CustomerScope::new(customer.clone());
    let result = match again {
        None => world.app.begin_connect(&scope, request).await,
        Some(connection) => {
            let Ok(connection) = ConnectionId::new(connection) else { return };
            world.app.begin_reauthenticate(&scope, &connection, request).await
        }
    };
    match result {
        Ok(new) => {
            assert_eq!(new.state.expose().len(), 64, "256 bits");
            assert!(begun.iter().all(|b| b.state.expose() != new.state.expose()));
            hidden(&debug(&new), &[new.state.expose()]);
            let code = match &new.reauthenticates {
                Some(connection) => world.finch.login_again(connection),
                None => None,
            };
            let code = code.unwrap_or_else(|| {
                let company = format!("company-{}", begun.len() % 3);
                world.finch.login("gusto", &company, "x", new.finch_customer_id.as_ref())
            });
            begun.push(Begun { customer, state: new.state, code, sent: None, result: None });
            note("callback: begun");
        }
        Err(error) => {
            hidden(&chain(&error), &[SECRET]);
            if !matches!(error, BeginConnectError::Finch(_)) {
                assert!(!matches!(error, BeginConnectError::Store(_)), "{error:?}");
            }
            note("callback: not begun");
        }
    }
}

/// `$n` or `@n`, or the text itself.
fn number(text: &str, sign: char) -> Option<usize> {
    text.strip_prefix(sign)?.parse().ok()
}

async fn complete(
    world: &World,
    begun: &mut [Begun],
    customer: Option<&str>,
    state: &str,
    code: &str,
) {
    let which = number(state, '$').filter(|n| *n < begun.len());
    let state = which.map_or_else(|| State::new(state), |n| begun[n].state.clone());
    let code = match number(code, '@').and_then(|n| begun.get(n)) {
        Some(begun) => begun.code.clone(),
        None => AuthorizationCode::new(code),
    };
    drop(world.finch.take_calls());
    let result = match customer.map(CustomerId::new) {
        Some(Err(_)) => return note("callback: no customer"),
        Some(Ok(customer)) => {
            let scope = CustomerScope::new(customer);
            world.app.complete_connect(&scope, state, code.clone()).await
        }
        None => world.app.complete_connect(&finch_tests::operator(), state, code.clone()).await,
    };
    let sent = world.finch.take_calls().iter().filter(|call| *call == "exchange").count();
    if let Err(error) = &result {
        let secrets: Vec<&str> = [SECRET, CODE].into_iter().collect();
        let shown = chain(error);
        // A code of a few letters may stand in a text by chance.
        hidden(&shown, if code.expose().len() >= 16 { &secrets } else { &[SECRET] });
    }
    if code.is_empty() {
        assert_eq!(sent, 0);
        assert!(matches!(result, Err(CompleteConnectError::NoCode)), "{result:?}");
        return note("callback: NoCode");
    }
    let Some(attempt) = which.map(|n| &mut begun[n]) else {
        assert_eq!(sent, 0, "nothing is sent on a state that is unknown");
        assert!(matches!(result, Err(CompleteConnectError::UnknownState)), "{result:?}");
        return note("callback: UnknownState");
    };
    check(attempt, customer, code.expose(), sent, result);
}

/// What an attempt promises.
fn check(
    attempt: &mut Begun,
    customer: Option<&str>,
    code: &str,
    sent: usize,
    result: Result<CompletedConnect, CompleteConnectError>,
) {
    assert!(sent <= 1, "a code goes out at most once a call");
    if customer.is_some_and(|customer| customer != attempt.customer.as_str()) {
        assert_eq!(sent, 0);
        assert!(matches!(result, Err(CompleteConnectError::UnknownState)), "{result:?}");
        return note("callback: UnknownState");
    }
    if let Some(first) = &attempt.sent
        && first != code
    {
        assert_eq!(sent, 0, "one state, one code");
        assert!(matches!(result, Err(CompleteConnectError::StateUsed)), "{result:?}");
        return note("callback: StateUsed");
    }
    if sent == 1 {
        assert!(attempt.result.is_none(), "a code that was exchanged is not sent again");
        attempt.sent = Some(code.to_owned());
    }
    match result {
        Ok(completed) => {
            assert_eq!(completed.customer, attempt.customer);
            match &attempt.result {
                None => {
                    assert_eq!(sent, 1);
                    note("callback: connected");
                }
                Some(first) => {
                    assert_eq!(first.connection_id, completed.connection_id);
                    note("callback: the first result again");
                }
            }
            attempt.result = Some(completed);
        }
        Err(error) => {
            assert!(attempt.result.is_none(), "what was connected stays so: {error:?}");
            note(match error {
                CompleteConnectError::Expired => "callback: Expired",
                // The same state and code may be sent once more.
                CompleteConnectError::NotSent(_) => "callback: NotSent",
                // Was lost, and a later token has taken care of it.
                CompleteConnectError::StateUsed => "callback: StateUsed",
                CompleteConnectError::Failed(_) => "callback: Failed",
                CompleteConnectError::Unknown(_) => "callback: Unknown",
                CompleteConnectError::Quarantined { reason: Quarantine::OtherCustomer, .. } => {
                    "callback: OtherCustomer"
                }
                CompleteConnectError::Quarantined { reason: Quarantine::Conflict, .. } => {
                    "callback: Conflict"
                }
                error => panic!("{error:?}"),
            });
        }
    }
}
