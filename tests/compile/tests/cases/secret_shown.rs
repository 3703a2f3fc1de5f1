//! A secret is neither shown nor compared, and is no text.

use finch_core::{AccessToken, AuthorizationCode, ClientSecret, ConnectUrl, State};

fn display<T: std::fmt::Display>() {}
fn compare<T: PartialEq>() {}
fn deref<T: std::ops::Deref<Target = str>>() {}
fn as_text<T: AsRef<str>>() {}

fn main() {
    display::<AccessToken>();
    display::<AuthorizationCode>();
    display::<ClientSecret>();
    display::<ConnectUrl>();
    display::<State>();

    compare::<AccessToken>();
    compare::<AuthorizationCode>();
    compare::<ClientSecret>();
    compare::<ConnectUrl>();
    compare::<State>();

    deref::<AccessToken>();
    as_text::<AccessToken>();
}
