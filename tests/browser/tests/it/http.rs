//! Requests that no page of ours makes.

use std::collections::HashMap;

use reqwest::{RequestBuilder, redirect::Policy};

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// Sends a form.
pub(crate) async fn post(url: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client().post(url).body(form);
    send(request.header("content-type", "application/x-www-form-urlencoded"), headers).await
}

/// Asks for a page.
pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send(client().get(url), headers).await
}

/// Sends a body as it is.
pub(crate) async fn send_body(url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    send(client().post(url).body(body), headers).await
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none());
    client.build().expect("a client")
}

async fn send(request: RequestBuilder, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.expect("an answer");
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = response.headers().iter();
    let headers: HashMap<_, _> =
        headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    Answer {
        status: response.status().as_u16(),
        location: headers.get("location").cloned().unwrap_or_default(),
        headers,
        body: response.text().await.expect("a body"),
    }
}
