//! What the compiler refuses. A line that stops compiling here is a hole.

use std::{any::TypeId, fmt::Display, ops::Deref, str::FromStr};

use finch_app::{
    AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, ConnectionId, CustomerId,
    CustomerScope, Finch, Kek, OperatorName, OperatorScope, Pass, Scope, State, UsableToken,
};
use finch_seal::{KeyBytes, KeyRing};
use serde::{Serialize, de::DeserializeOwned};

/// Types that must never implement a trait: where one does, two impls apply, and the compiler cannot choose.
macro_rules! never {
    ($bound:path: $($type:ty),+) => {{
        trait Ambiguous<Which> {
            fn compiles() {}
        }
        struct Forbidden;
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $bound> Ambiguous<Forbidden> for T {}
        $(<$type as Ambiguous<_>>::compiles();)+
    }};
}

#[test]
fn secrets_and_keys_are_not_written_read_shown_or_compared() {
    never!(Serialize: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State, UsableToken);
    never!(DeserializeOwned: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State);
    never!(Display: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State, UsableToken);
    never!(PartialEq: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State);
    never!(Deref: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State);
    never!(AsRef<str>: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State);
    never!(Display: Kek, KeyBytes, KeyRing);
    never!(PartialEq: Kek, KeyBytes, KeyRing);
    never!(Clone: Kek, KeyBytes, KeyRing);
}

#[test]
fn scopes_are_made_by_name_and_come_from_no_request() {
    never!(DeserializeOwned: CustomerScope, OperatorScope);
    never!(FromStr: CustomerScope, OperatorScope);
    never!(Default: CustomerScope, OperatorScope);
    never!(From<String>: CustomerScope, OperatorScope);
    never!(From<CustomerId>: CustomerScope, OperatorScope);
    never!(From<CustomerScope>: OperatorScope);
    never!(Scope: CustomerId, OperatorName, ConnectionId, String, str);
    // One type is enough: an argument that may be of several is not inferred here.
    assert_eq!(argument(CustomerScope::new), TypeId::of::<CustomerId>());
    assert_eq!(argument(OperatorScope::acting_as), TypeId::of::<OperatorName>());
}

fn argument<A: 'static, R>(_: impl Fn(A) -> R) -> TypeId {
    TypeId::of::<A>()
}

/// The one scope that a call takes. A call that takes several does not compile here.
fn scope<S: 'static, R>(_: impl Fn(&'static Finch, &'static S) -> R) -> TypeId {
    TypeId::of::<S>()
}

fn any<T>() -> T {
    unreachable!("it is not called")
}

#[test]
fn each_call_takes_the_scope_that_may_make_it() {
    for of_operators in [
        scope(|finch, it| finch.reconcile(it, Pass::Due)),
        scope(|finch, it| finch.reconcile_while(it, Pass::Due, any())),
        scope(|finch, it| finch.attention(it)),
        scope(|finch, it| finch.unfinished_connections(it)),
        scope(|finch, it| finch.close_disconnect(it, any(), "why")),
        scope(|finch, it| finch.dismiss_orphan(it, any(), "why")),
        scope(|finch, it| finch.import(it, any(), any())),
        scope(|finch, it| finch.begin_audit(it, any())),
        scope(|finch, it| finch.audit_next(it, any(), any())),
        scope(|finch, it| finch.verify(it, |_| {})),
        scope(|finch, it| finch.key_status(it)),
        scope(|finch, it| finch.replace_key(it, any())),
        scope(|finch, it| finch.doubt_all(it)),
        scope(|finch, it| finch.rotate(it, |_| {})),
        argument(|it| any::<Finch>().spawn_reconciler(it, any())),
    ] {
        assert_eq!(of_operators, TypeId::of::<OperatorScope>());
    }
    for of_customers in [
        scope(|finch, it| finch.access_token(it, any(), &[])),
        scope(|finch, it| finch.report_unauthorized(it, any())),
        scope(|finch, it| finch.disconnect_all(it)),
        scope(|finch, it| finch.begin_connect(it, any())),
        scope(|finch, it| finch.begin_reauthenticate(it, any(), any())),
        scope(|finch, it| finch.complete_connect_without_state(it, any(), any())),
    ] {
        assert_eq!(of_customers, TypeId::of::<CustomerScope>());
    }
}
