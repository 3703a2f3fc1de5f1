//! State and callback: whatever a browser brings back, in whatever order, ends in a result or a typed
//! error, and a code goes out at most once.

use std::time::Duration;

use finch_app::{BeginConnectError, CompleteConnectError, ConnectRequest, Flow};
use finch_core::{
    Answer, AuthorizationCode, ConnectionId, CustomerId, CustomerScope, Product, RedirectUri, State,
};
use finch_testkit::{Reach, chain};
use finch_tests::World;

use crate::{
    Target,
    canary::{CODE, SECRET, debug, filled, hidden, variant},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "callback",
    run: callback,
    reaches: "callback: begun; callback: not begun; callback: connected; \
        callback: the first result again; callback: UnknownState; callback: Expired; \
        callback: StateUsed; callback: NotSent; callback: Failed; callback: Unknown; \
        callback: no customer",
};

/// An attempt that has begun.
struct Begun {
    customer: CustomerId,
    state: State,
    code: AuthorizationCode,
    /// The code whose exchange was sent.
    sent: Option<String>,
}

/// One event a line: begin, reauthenticate, complete (as customer or operator), wait, fail, lose.
/// `$n` is the state of the nth attempt, `@n` the code that its login brought.
fn callback(data: &[u8]) {
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
            begun.push(Begun { customer, state: new.state, code, sent: None });
            note("callback: begun");
        }
        Err(error) => {
            hidden(&chain(&error), &[SECRET]);
            assert!(!matches!(error, BeginConnectError::Store(_)), "{error:?}");
            note("callback: not begun");
        }
    }
}

/// `$n` or `@n`, or the text itself.
fn number(text: &str, sign: char) -> Option<usize> {
    text.strip_prefix(sign)?.parse().ok()
}

/// A code goes out for its own customer's state alone, and no second one for the same state. What else must hold,
/// the simulation shows.
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
    let own = which.map(|n| &mut begun[n]);
    let mut own = own.filter(|begun| customer.is_none_or(|id| id == begun.customer.as_str()));
    match &mut own {
        Some(own) if sent == 1 => {
            let first = own.sent.get_or_insert_with(|| code.expose().to_owned());
            assert_eq!(first, code.expose(), "a second code goes out for a state");
        }
        _ => assert_eq!(sent, 0, "a code goes out for no state of its customer's"),
    }
    match result {
        Ok(completed) => {
            let own = own.expect("a state that is unknown connects nothing");
            assert_eq!(completed.customer, own.customer);
            assert_eq!(own.sent.as_deref(), Some(code.expose()));
            note(if sent == 1 {
                "callback: connected"
            } else {
                "callback: the first result again"
            });
        }
        Err(error) => {
            // A code of a few letters may stand in a text by chance.
            let secrets = if code.expose().len() >= 16 { &[SECRET, CODE][..] } else { &[SECRET] };
            hidden(&chain(&error), secrets);
            assert!(!matches!(error, CompleteConnectError::Store(_)), "{error:?}");
            note(&format!("callback: {}", variant(&error)));
        }
    }
}
