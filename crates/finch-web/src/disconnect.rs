//! Disconnect: what would happen, whether it shall, and what came of it.

mod end;

use askama::Template;
use axum::{extract::Request, http::StatusCode};
use finch_app::{
    ConnectionId, ConnectionState, ConnectionView, DisconnectError, DisconnectOutcome, Plan,
    PlanMark, PlanVerdict,
};

use crate::{
    Customer, News,
    app::{Answered, App, Change},
    company::Company,
    connections::set_cookie,
    form::Fields,
    guard::Guard,
    page::{self, Shell},
    problem::Problem,
    router, words,
};
use end::End;

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
    /// What is said where it does not go on without an operator.
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
        let name = format!("{}{}", words::isolated(self.provider), self.company.of());
        match self.verdict {
            PlanVerdict::Joins => format!("{name} is being disconnected"),
            _ => format!("Disconnect {name}?"),
        }
    }

    fn sign_ins(&self) -> String {
        words::count(self.tokens, "sign-in", "sign-ins")
    }
}

/// `GET /connections/{id}/disconnect`
pub(crate) async fn preview(app: &App, request: Request) -> Answered {
    let (mut parts, _) = request.into_parts();
    let customer = app.customer(&parts).await?;
    let id = router::connection(&mut parts).await?;
    let guard = Guard::of_or_fresh(&parts.headers, &app.options().place)?;
    let done = Fields::of_query(parts.uri.query()).one("done")? == Some("yes");
    let why = if done { Why::Done } else { Why::Asked };
    show(app, &customer, &id, &guard, why).await
}

/// `POST /connections/{id}/disconnect`
pub(crate) async fn confirm(app: &App, request: Request) -> Answered {
    let (mut parts, body) = request.into_parts();
    let id = router::connection(&mut parts).await;
    let guard = Guard::of_or_fresh(&parts.headers, &app.options().place)?;
    let Change { customer, fields, .. } = app.change(Request::from_parts(parts, body)).await?;
    let id = id?;
    let agreed = fields.one("plan")?.and_then(|mark| mark.parse().ok());
    let agreed: PlanMark = agreed.ok_or_else(Problem::bad_form)?;
    let task = carry_out(app.clone(), customer.clone(), id.clone(), agreed);
    let page = app.disconnect_page(&id);
    match app.to_the_end(task).await? {
        Ok(DisconnectOutcome::AlreadyDisconnected) => app.lead_to(&page),
        // Whoever comes back to what follows, or loads it again, sends nothing a second time.
        Ok(_) => app.lead_to(&format!("{page}?done=yes")),
        Err(DisconnectError::PlanChanged) => show(app, &customer, &id, &guard, Why::Changed).await,
        Err(error) => Err(error.into()),
    }
}

/// Disconnects, and tells the host.
async fn carry_out(
    app: App,
    customer: Customer,
    id: ConnectionId,
    agreed: PlanMark,
) -> Result<DisconnectOutcome, DisconnectError> {
    let scope = customer.scope();
    let before = app.finch().connection(&scope, &id).await?;
    let outcome = app.finch().disconnect_as_agreed(&scope, id.clone(), agreed).await?;
    let is_news = match outcome {
        DisconnectOutcome::AlreadyDisconnected => false,
        // Somebody asks how it is going.
        DisconnectOutcome::Pending { .. } => {
            before.is_none_or(|view| view.state != ConnectionState::Disconnecting)
        }
        _ => true,
    };
    if is_news {
        let (customer, connection_id) = (customer.id, id);
        let outcome = outcome.clone();
        app.host().told(News::Disconnected { customer, connection_id, outcome }).await;
    }
    Ok(outcome)
}

/// Why a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Somebody wants to see it.
    Asked,
    /// It is not what somebody agreed to.
    Changed,
    /// Somebody has just disconnected.
    Done,
}

async fn show(
    app: &App,
    customer: &Customer,
    id: &ConnectionId,
    guard: &Guard,
    why: Why,
) -> Answered {
    let plan: Plan = app.finch().plan_disconnect(&customer.scope(), id.clone()).await?;
    let view: Option<ConnectionView> = app.finch().connection(&customer.scope(), id).await?;
    let view = view.ok_or_else(Problem::not_found)?;
    let provider = app.provider(&view.provider_id).into_owned();
    let company = app.company(customer, &view).await;
    let mut response = match End::of(&plan, &view, id, why == Why::Done) {
        Some(end) => {
            let name = format!("{}{}", words::isolated(&provider), company.of());
            end.show(app, &name)
        }
        None => {
            let page = Preview {
                shell: app.shell(),
                csrf_token: &guard.csrf_token(&customer.id),
                mark: plan.mark.to_string(),
                changed: why == Why::Changed,
                verdict: plan.verdict,
                provider: &provider,
                company: &company,
                tokens: plan.tokens,
                products: plan.products.iter().map(words::product_within).collect(),
                attention: words::attention(&view),
            };
            let status = if why == Why::Changed { StatusCode::CONFLICT } else { StatusCode::OK };
            page::show(status, &page)
        }
    };
    set_cookie(app, guard, &mut response);
    Ok(response)
}
