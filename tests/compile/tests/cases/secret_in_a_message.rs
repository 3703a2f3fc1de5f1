//! The commonest ways to print one, and to keep one.

use finch_core::AccessToken;

fn log(token: &AccessToken) -> String {
    format!("token {token}")
}

fn text(token: &AccessToken) -> String {
    token.to_string()
}

fn field(token: AccessToken) -> String {
    token.0
}

fn same(a: &AccessToken, b: &AccessToken) -> bool {
    a == b
}

fn main() {}
