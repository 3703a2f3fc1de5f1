//! A browser: one person's cookies, and what they see.

use std::{collections::BTreeMap, sync::Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use tower::ServiceExt as _;

use crate::site::BASE;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// One person's browser.
#[derive(Debug)]
pub(crate) struct Browser {
    router: Router,
    customer: Option<&'static str>,
    /// By name, with their values.
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub(crate) fn new(router: Router, customer: Option<&'static str>) -> Self {
        Self { router, customer, cookies: Mutex::default() }
    }

    /// Another customer signs in, in the same browser.
    pub(crate) fn sign_in(&mut self, customer: &'static str) {
        self.customer = Some(customer);
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(customer) = self.customer {
            request = request.header("x-customer", customer);
        }
        let cookies = self.cookies.lock().unwrap();
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        request
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.set_cookie(name, value);
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Seen { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn forget_cookies(&self) {
        self.cookies.lock().unwrap().clear();
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Sends the fields as a form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    /// Sends a form that holds the CSRF token alone.
    pub(crate) async fn change(&self, path: &str) -> Seen {
        let csrf_token = self.csrf_token().await;
        self.post(path, &[("csrf_token", &csrf_token)]).await
    }

    /// Agrees to what a preview says.
    pub(crate) async fn agree(&self, path: &str, preview: &Seen) -> Seen {
        let (csrf_token, plan) =
            (preview.field("csrf_token").unwrap(), preview.field("plan").unwrap());
        self.post(path, &[("csrf_token", &csrf_token), ("plan", &plan)]).await
    }

    /// The same, and goes where that leads.
    pub(crate) async fn press(&self, path: &str, preview: &Seen) -> Seen {
        let answer = self.agree(path, preview).await;
        match answer.status.is_redirection() {
            true => self.get(answer.location()).await,
            false => answer,
        }
    }

    /// The CSRF token of this person's forms.
    pub(crate) async fn csrf_token(&self) -> String {
        let page = self.get(BASE).await;
        page.field("csrf_token").unwrap_or_else(|| panic!("no CSRF token: {}", page.body))
    }
}

impl Seen {
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Where it leads.
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header(header::LOCATION).unwrap()
    }

    /// How a callback ended: it leads to the connections page, which says so.
    pub(crate) fn done(&self) -> &str {
        let (page, query) = self.location().split_once("?done=").expect("it is done");
        assert_eq!(page, BASE);
        query.split('&').next().unwrap()
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, after) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        Some(after.split_once('"')?.0.to_owned())
    }

    #[track_caller]
    pub(crate) fn shows(&self, status: u16, texts: &[&str]) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        // What keeps names apart from our words is not seen.
        let body = ["<bdi>", "</bdi>", "\u{2068}", "\u{2069}"];
        let body = body.iter().fold(self.body.clone(), |body, unseen| body.replace(unseen, ""));
        for text in texts {
            assert!(body.contains(text), "not there: {text}\n{body}");
        }
    }

    #[track_caller]
    pub(crate) fn hides(&self, texts: &[&str]) {
        let headers = format!("{:?}", self.headers);
        for text in texts {
            assert!(!self.body.contains(text) && !headers.contains(text), "there: {text}");
        }
    }
}
