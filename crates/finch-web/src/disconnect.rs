//! Disconnect: the plan, the person's agreement, and the outcome.

mod outcome;

use askama::Template;
use axum::{
    http::{StatusCode, Uri},
    response::Response,
};
use finch_app::{
    ConnectionId, DisconnectError, DisconnectOutcome, DisconnectRequest, PlanMark, PlanVerdict,
};

use crate::{
    Options,
    app::Named,
    company::Company,
    form::Fields,
    page,
    problem::Problem,
    visit::{Change, SignedIn, Visit},
    words,
};

/// What would happen.
#[derive(Template)]
#[template(path = "disconnect.html")]
struct Preview<'a> {
    options: &'a Options,
    csrf_token: &'a str,
    mark: String,
    /// It has changed since it was last shown.
    changed: bool,
    verdict: PlanVerdict,
    /// What people call the connection.
    name: &'a str,
    provider: &'a str,
    company: &'a Company,
    tokens: usize,
    products: Vec<String>,
    /// Where it does not go on without an operator.
    attention: Option<&'static str>,
}

impl Preview<'_> {
    fn joins(&self) -> bool {
        self.verdict == PlanVerdict::Joins
    }

    fn retires(&self) -> bool {
        self.verdict == PlanVerdict::Retires
    }
}

/// Why the plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Asked,
    /// It is not what the person agreed to.
    Changed,
    /// The person has just disconnected.
    Done,
}

/// `GET /connections/{id}/disconnect`
pub(crate) async fn preview<C>(
    SignedIn(visit, ..): SignedIn<C>,
    Named(id): Named,
    uri: Uri,
) -> Result<Response, Problem> {
    let done = Fields::of_query(uri.query()).one("done")? == Some("yes");
    show(&visit, &id, if done { Reason::Done } else { Reason::Asked }).await
}

/// `POST /connections/{id}/disconnect`
pub(crate) async fn confirm<C>(
    Named(id): Named,
    Change(visit, fields, ..): Change<C>,
) -> Result<Response, Problem> {
    let agreed = fields.one("plan")?.map(PlanMark::from).ok_or_else(Problem::bad_form)?;
    let page = visit.app.disconnect_page(&id);
    let request = DisconnectRequest { agreed: Some(agreed), ..id.clone().into() };
    match visit.app.finch.disconnect(&visit.customer.scope(), request).await {
        Ok(DisconnectOutcome::AlreadyDisconnected) => visit.app.redirect(&page),
        // The page that follows can be loaded again, and sends nothing a second time.
        Ok(_) => visit.app.redirect(&format!("{page}?done=yes")),
        Err(DisconnectError::PlanChanged) => show(&visit, &id, Reason::Changed).await,
        Err(error) => Err(error.into()),
    }
}

async fn show(visit: &Visit, id: &ConnectionId, reason: Reason) -> Result<Response, Problem> {
    let Visit { app, customer, .. } = visit;
    let scope = customer.scope();
    let plan = app.finch.plan_disconnect(&scope, id.clone()).await?;
    let view = app.finch.connection(&scope, id).await?.ok_or_else(Problem::not_found)?;
    let (provider, company) = (app.provider(&view.provider_id), Company::of(customer, &view));
    let name = format!("{}{}", words::isolated(&provider), company.suffix());
    let done = reason == Reason::Done;
    if let Some(outcome) = outcome::message(&app.options, &name, &plan, &view, id, done) {
        return Ok(visit.keep_csrf(page::show(StatusCode::OK, &outcome)));
    }
    let changed = reason == Reason::Changed;
    let preview = Preview {
        options: &app.options,
        csrf_token: &visit.csrf_token(),
        mark: plan.mark.to_string(),
        changed,
        verdict: plan.verdict,
        name: &name,
        provider: &provider,
        company: &company,
        tokens: plan.tokens,
        products: plan.products.iter().map(words::product_within).collect(),
        attention: words::attention(&view),
    };
    let status = if changed { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(visit.keep_csrf(page::show(status, &preview)))
}
