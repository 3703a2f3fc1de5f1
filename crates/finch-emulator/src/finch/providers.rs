//! `GET /providers`: lists the providers, with or without authentication.

use serde::Serialize;

use crate::{
    http::{self, ApiError, Request, Response},
    world::{Authentication, BETA, MFA_REQUIRED, PROVIDERS, Provider, World},
};

/// `Provider`
#[derive(Serialize)]
struct Listed {
    id: &'static str,
    display_name: &'static str,
    products: &'static [&'static str],
    mfa_required: bool,
    primary_color: &'static str,
    manual: bool,
    beta: bool,
    authentication_methods: Vec<Method>,
}

#[derive(Serialize)]
struct Method {
    r#type: Authentication,
}

pub(super) fn list(_: &mut World, _: &Request) -> Result<Response, ApiError> {
    let listed = |provider: &Provider| Listed {
        id: provider.id,
        display_name: provider.display_name,
        products: provider.products,
        mfa_required: MFA_REQUIRED.contains(&provider.id),
        primary_color: provider.primary_color,
        manual: provider.methods == [Authentication::Assisted],
        beta: BETA.contains(&provider.id),
        authentication_methods: provider.methods.iter().map(|it| Method { r#type: *it }).collect(),
    };
    Ok(http::ok(&PROVIDERS.each_ref().map(listed)))
}
