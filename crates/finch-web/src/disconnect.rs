//! Disconnect: the plan, the person's agreement, and the outcome.

mod outcome;

use askama::Template;
use axum::http::{StatusCode, Uri};
use finch_app::{
    ConnectionId, DisconnectError, DisconnectOutcome, DisconnectRequest, PlanMark, PlanVerdict,
};

use crate::{
    Customer,
    app::{Answer, App, Named},
    change::Change,
    company::Company,
    csrf::Csrf,
    customer::SignedIn,
    form::Fields,
    page::{self, Shell},
    problem::Problem,
    words,
};
use outcome::Outcome;

/// What would happen.
#[derive(Template)]
#[template(path = "disconnect.html")]
struct Preview<'a> {
    shell: Shell<'a>,
    csrf_token: &'a str,
    mark: String,
    /// It has changed since it was last shown.
    changed: bool,
    verdict: PlanVerdict,
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

    /// What the page is about, and for whom: for its title.
    fn about(&self) -> String {
        let name = format!("{}{}", words::isolated(self.provider), self.company.suffix());
        match self.verdict {
            PlanVerdict::Joins => format!("{name} is being disconnected"),
            _ => format!("Disconnect {name}?"),
        }
    }

    fn sign_ins(&self) -> String {
        words::count(self.tokens, "sign-in", "sign-ins")
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
    app: App,
    SignedIn(customer, ..): SignedIn<C>,
    Named(id): Named,
    csrf: Csrf,
    uri: Uri,
) -> Answer {
    let done = Fields::of_query(uri.query()).one("done")? == Some("yes");
    let reason = if done { Reason::Done } else { Reason::Asked };
    show(&app, &customer, &id, &csrf, reason).await
}

/// `POST /connections/{id}/disconnect`
pub(crate) async fn confirm<C>(
    app: App,
    Named(id): Named,
    csrf: Csrf,
    change: Change<C>,
) -> Answer {
    let Change { customer, fields, .. } = change;
    let agreed = fields.one("plan")?.map(PlanMark::from).ok_or_else(Problem::bad_form)?;
    let page = app.disconnect_page(&id);
    let request = DisconnectRequest { agreed: Some(agreed), ..id.clone().into() };
    let outcome = app.finch().disconnect(&customer.scope(), request).await;
    match outcome {
        Ok(DisconnectOutcome::AlreadyDisconnected) => app.redirect(&page),
        // The page that follows can be loaded again, and sends nothing a second time.
        Ok(_) => app.redirect(&format!("{page}?done=yes")),
        Err(DisconnectError::PlanChanged) => {
            show(&app, &customer, &id, &csrf, Reason::Changed).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(
    app: &App,
    customer: &Customer,
    id: &ConnectionId,
    csrf: &Csrf,
    reason: Reason,
) -> Answer {
    let scope = customer.scope();
    let plan = app.finch().plan_disconnect(&scope, id.clone()).await?;
    let view = app.finch().connection(&scope, id).await?.ok_or_else(Problem::not_found)?;
    let provider = app.provider(&view.provider_id);
    let company = Company::of(customer, &view);
    let response = match Outcome::of(&plan, &view, id, reason == Reason::Done) {
        Some(outcome) => {
            let name = format!("{}{}", words::isolated(&provider), company.suffix());
            outcome.show(app, &name)
        }
        None => {
            let changed = reason == Reason::Changed;
            let page = Preview {
                shell: app.shell(),
                csrf_token: &csrf.token(&customer.id),
                mark: plan.mark.to_string(),
                changed,
                verdict: plan.verdict,
                provider: &provider,
                company: &company,
                tokens: plan.tokens,
                products: plan.products.iter().map(words::product_within).collect(),
                attention: words::attention(&view),
            };
            page::show(if changed { StatusCode::CONFLICT } else { StatusCode::OK }, &page)
        }
    };
    Ok(csrf.keep(&app.options().address, response))
}
