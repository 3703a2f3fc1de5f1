//! A site that mounts the pages.

use std::sync::Arc;

use axum::{Router, http::header};
use finch_app::{CustomerScope, Finch, Product};
use finch_core::{Answer, ConnectionStatus, FinchApiError};
use finch_testkit::{FakeFinch, Intercepted, MemoryTokenStore, Reach, application};
use finch_tests::TestSystem;
use finch_web::{Options, router};

use crate::{
    browser::{Browser, Seen},
    host::{Account, TestHost},
    store::Faults,
};

/// Where the pages are.
pub(crate) const BASE: &str = "/settings/payroll";

/// A site that mounts the pages.
pub(crate) struct Site {
    pub(crate) finch: Arc<FakeFinch>,
    pub(crate) store: Arc<Intercepted<Faults>>,
    pub(crate) app: Finch,
    pub(crate) system: Arc<TestSystem>,
    pub(crate) host: Arc<TestHost>,
    pub(crate) router: Router,
}

/// What hosts usually decide.
pub(crate) fn options() -> Options {
    let products = vec![Product::Company, Product::Directory];
    Options::new("https://app.example.com/settings/payroll", "Payday <i>HR</i>", products).unwrap()
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::of(options(), Reach::Pair).await
    }

    /// A site, and the browser of a customer.
    pub(crate) async fn visited() -> (Self, Browser) {
        let site = Self::new().await;
        let browser = site.browser("acme");
        (site, browser)
    }

    /// The same, once the customer has connected.
    pub(crate) async fn connected() -> (Self, Browser) {
        let (site, browser) = Self::visited().await;
        site.connect(&browser, "Company C", "X").await;
        (site, browser)
    }

    /// A site with these options, whose Finch ends that much with one token.
    pub(crate) async fn of(options: Options, reach: Reach) -> Self {
        let finch = Arc::new(FakeFinch::new(application(), reach));
        let memory = Arc::new(MemoryTokenStore::new(application()));
        let store = Arc::new(Intercepted::new(Faults::default(), memory));
        let (system, host) = (Arc::new(TestSystem::default()), Arc::new(TestHost::default()));
        let app = Finch::builder(finch.clone(), store.clone(), finch_tests::keys());
        let app = app.system(system.clone()).event_sink(host.clone()).open().await.unwrap();
        let pages = router::<Account, _>(app.clone(), options).with_state(host.clone());
        Self { finch, store, app, system, host, router: Router::new().nest_service(BASE, pages) }
    }

    pub(crate) fn browser(&self, customer: &'static str) -> Browser {
        Browser::new(self.router.clone(), Some(customer))
    }

    /// A browser without a session.
    pub(crate) fn signed_out(&self) -> Browser {
        Browser::new(self.router.clone(), None)
    }

    /// Begins an attempt: its state.
    pub(crate) async fn begin(&self, browser: &Browser) -> String {
        state_of(browser.change(&format!("{BASE}/connect")).await.location())
    }

    /// Begins an attempt, and signs in at Finch: the state, and the way back.
    pub(crate) async fn attempt(&self, browser: &Browser) -> (String, String) {
        let state = self.begin(browser).await;
        let back = self.callback_url(&state, "Company C", "X");
        (state, back)
    }

    /// How many codes were sent to Finch since the last look at its calls.
    pub(crate) fn exchanges(&self) -> usize {
        self.finch.take_calls().iter().filter(|call| *call == "exchange").count()
    }

    /// A person signs in at Finch: the way back.
    pub(crate) fn callback_url(&self, state: &str, company: &str, credentials: &str) -> String {
        let code = self.finch.login("gusto", company, credentials, None);
        format!("{BASE}/callback?code={}&state={state}", code.expose())
    }

    /// Connects a company.
    pub(crate) async fn connect(&self, browser: &Browser, company: &str, credentials: &str) {
        let state = self.begin(browser).await;
        let back = browser.get(&self.callback_url(&state, company, credentials)).await;
        assert_eq!(back.done(), "connected");
    }

    /// The address of the one disconnect page that the connections page leads to.
    pub(crate) async fn disconnect_page(&self, browser: &Browser) -> String {
        let page = browser.get(BASE).await;
        let links: Vec<&str> = page.body.split("href=\"").skip(1).collect();
        let mut links = links.iter().filter_map(|link| link.split_once('"')).map(|(link, _)| link);
        let found = links.find(|link| link.ends_with("/disconnect"));
        found.unwrap_or_else(|| panic!("no link: {}", page.body)).to_owned()
    }

    /// The one disconnect page, and what it shows.
    pub(crate) async fn preview(&self, browser: &Browser) -> (String, Seen) {
        let path = self.disconnect_page(browser).await;
        let preview = browser.get(&path).await;
        (path, preview)
    }

    pub(crate) fn name_company(&self, id: &str, name: &str) {
        let mut names = self.host.company_names.lock().unwrap();
        names.insert(id.parse().unwrap(), name.to_owned());
    }

    /// A company's provider asks for another sign-in, and a call of the host's has met that.
    pub(crate) async fn needs_a_sign_in(&self, company: &str) {
        let alive = self.finch.alive();
        let (token, id, ..) = alive.iter().find(|(.., of)| of.as_str() == company).unwrap();
        self.finch.set_status(id, ConnectionStatus::Reauth);
        self.finch.fail_next(needs_reauth());
        let scope = CustomerScope::new("acme".parse().unwrap());
        self.app.report_unauthorized(&scope, token).await.unwrap();
    }

    /// For longer than any page waits.
    pub(crate) fn finch_is_away(&self) {
        for _ in 0..100 {
            let problem = "refused".into();
            self.finch.fail_next(FinchApiError::NoAnswer { problem, sent: false });
        }
    }

    /// The changes that the event sink got since the last call, in short.
    pub(crate) fn take_changes(&self) -> Vec<String> {
        let changes = std::mem::take(&mut *self.host.changes.lock().unwrap());
        changes.iter().map(|c| format!("{} {:?}", c.customer, c.now)).collect()
    }
}

/// The state of a session's address.
pub(crate) fn state_of(address: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find(|(name, _)| name == "state").unwrap().1.into_owned()
}

/// Where a page says that its style sheet is.
pub(crate) fn style_of(body: &str) -> String {
    let (_, after) = body.split_once("rel=\"stylesheet\" href=\"").unwrap();
    after.split_once('"').unwrap().0.to_owned()
}

/// What every answer of ours carries.
#[track_caller]
pub(crate) fn is_guarded(seen: &crate::browser::Seen) {
    let policy = seen.header(header::CONTENT_SECURITY_POLICY).expect("a policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(seen.header(header::REFERRER_POLICY), Some("no-referrer"));
    assert_eq!(seen.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    assert_eq!(seen.header(header::X_FRAME_OPTIONS), Some("DENY"));
    assert_eq!(seen.header(header::CACHE_CONTROL), Some("no-store"));
    for inline in ["<script", "<style", " style=", " onclick", "javascript:"] {
        assert!(!seen.body.contains(inline), "{inline}");
    }
}

/// Finch wants the employer to authenticate again.
pub(crate) fn needs_reauth() -> FinchApiError {
    let finch_code = Some("reauthenticate_user".into());
    Answer { status: 401, finch_shaped: true, finch_code, ..Answer::default() }.into_error()
}
