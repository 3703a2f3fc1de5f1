//! What secrets and scopes must never learn to do. A line that stops compiling here is a hole.

use std::fmt::Display;
use std::str::FromStr;

use finch_app::UsableToken;
use finch_compile::never;
use finch_core::{
    AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, CustomerScope, OperatorScope, State,
};
use serde::{Serialize, de::DeserializeOwned};

#[test]
fn secrets_are_not_written_read_shown_or_compared() {
    never!(Serialize: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State, UsableToken);
    never!(DeserializeOwned: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State);
    never!(Display: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State, UsableToken);
    never!(PartialEq: AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State);
}

#[test]
fn scopes_come_from_no_request() {
    never!(DeserializeOwned: CustomerScope, OperatorScope);
    never!(FromStr: CustomerScope, OperatorScope);
    never!(Default: CustomerScope, OperatorScope);
}
