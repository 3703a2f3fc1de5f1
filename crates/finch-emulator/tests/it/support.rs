//! A client that knows the paths and nothing else.

use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, Login};
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap, redirect};
use serde_json::{Value, json};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status and the `name` of an error in Finch's shape.
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["code"], self.status.as_u16(), "{body}");
        assert!(body["message"].is_string(), "{body}");
        (self.status.as_u16(), body["name"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) struct Finch {
    pub(crate) emulator: Emulator,
    http: reqwest::Client,
}

impl Finch {
    pub(crate) async fn start() -> Self {
        Self::with(EmulatorConfig::default()).await
    }

    pub(crate) async fn scoped(disconnect_scope: DisconnectScope) -> Self {
        Self::with(EmulatorConfig { disconnect_scope, ..EmulatorConfig::default() }).await
    }

    pub(crate) async fn seeded(seed: u64) -> Self {
        Self::with(EmulatorConfig { seed: Some(seed), ..EmulatorConfig::default() }).await
    }

    pub(crate) async fn with(config: EmulatorConfig) -> Self {
        let emulator = Emulator::start_with(config).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { emulator, http }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.emulator.url()))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.call(Method::POST, path)
    }

    /// A POST with the application's Basic header.
    pub(crate) fn post_basic(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post(path)
            .basic_auth(self.emulator.client_id(), Some(self.emulator.client_secret()))
            .json(body)
    }

    pub(crate) fn exchange_body(&self, code: &str, redirect_uri: Option<&str>) -> Value {
        let mut body = json!({
            "client_id": self.emulator.client_id(),
            "client_secret": self.emulator.client_secret(),
            "code": code,
        });
        if let Some(uri) = redirect_uri {
            body["redirect_uri"] = uri.into();
        }
        body
    }

    pub(crate) async fn exchange(&self, code: &str, redirect_uri: Option<&str>) -> Answer {
        send(self.post("/auth/token").json(&self.exchange_body(code, redirect_uri))).await
    }

    /// Logs somebody in and exchanges the code: the token answer.
    pub(crate) async fn connect(&self, login: Login) -> Value {
        let code = self.emulator.issue_code(login);
        let answer = self.exchange(&code, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) async fn introspect(&self, token: &Value) -> Answer {
        let token = token["access_token"].as_str().unwrap();
        send(self.get("/introspect").bearer_auth(token)).await
    }

    pub(crate) async fn disconnect(&self, token: &Value) -> Answer {
        let token = token["access_token"].as_str().unwrap();
        send(self.post("/disconnect").bearer_auth(token)).await
    }

    pub(crate) async fn works(&self, token: &Value) -> bool {
        let answer = self.introspect(token).await;
        if answer.status == 200 {
            return true;
        }
        assert_eq!(answer.error(), (401, "invalid_token".to_owned()));
        false
    }

    pub(crate) async fn session(&self, body: &Value) -> Answer {
        send(self.post_basic("/connect/sessions", body)).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    read(request.send().await.unwrap()).await
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    assert!(headers.contains_key("finch-request-id"));
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// User A with Credentials X at Gusto for Company C: step [1] of the seed.
pub(crate) fn step_1() -> Login {
    Login::new("User A", "Gusto", "Company C", "Credentials X")
}

/// User A again, with other products.
pub(crate) fn step_2() -> Login {
    step_1().products(["company", "payment"])
}

/// User B with credentials of their own.
pub(crate) fn step_3() -> Login {
    Login::new("User B", "Gusto", "Company C", "Credentials Y")
}

/// User A at another provider.
pub(crate) fn step_4() -> Login {
    Login::new("User A", "JustWorks", "Company C", "Credentials Z")
}
