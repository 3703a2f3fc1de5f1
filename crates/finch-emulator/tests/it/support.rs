//! A client of the emulator in process.

use base64::{Engine, engine::general_purpose::STANDARD};
use finch_emulator::{DisconnectScope, EmulatorConfig, Fault, LocalEmulator, Login, WebhookTarget};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer};

/// The response to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    /// With lower-case names.
    pub(crate) headers: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The status and the `name` of an error in Finch's format.
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["code"], self.status, "{body}");
        assert!(body["message"].is_string(), "{body}");
        (self.status, body["name"].as_str().unwrap_or_default().to_owned())
    }

    /// The parameters of the address that a redirect leads to.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        assert_eq!(self.status, 303, "{}", self.text);
        let url = Url::parse(self.header("location").unwrap()).unwrap();
        assert_eq!(&url[..url::Position::AfterPath], "https://app.example/callback");
        url.query_pairs().into_owned().collect()
    }

    /// The code on the last page of Connect.
    pub(crate) fn code(&self) -> &str {
        self.text.split_once("<code>").unwrap().1.split('<').next().unwrap()
    }
}

pub(crate) struct Finch {
    pub(crate) emulator: LocalEmulator,
}

/// A request to be sent.
pub(crate) struct Call<'a> {
    finch: &'a Finch,
    method: &'a str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Finch {
    pub(crate) fn start() -> Self {
        Self::with(EmulatorConfig::default())
    }

    pub(crate) fn scoped(disconnect_scope: DisconnectScope) -> Self {
        Self::with(EmulatorConfig { disconnect_scope, ..EmulatorConfig::default() })
    }

    /// With a receiver of webhooks at [`HOOKS`].
    pub(crate) fn with_webhooks() -> Self {
        Self::with(webhooks_to(HOOKS))
    }

    /// With one live token, and a fault for what comes next.
    pub(crate) fn with_fault(fault: Fault) -> (Self, Value) {
        let finch = Self::start();
        let token = finch.connect(step_1());
        finch.emulator.push_fault(fault);
        (finch, token)
    }

    pub(crate) fn with(config: EmulatorConfig) -> Self {
        Self { emulator: LocalEmulator::new(config).unwrap() }
    }

    pub(crate) fn call<'a>(&'a self, method: &'a str, path: &str) -> Call<'a> {
        Call { finch: self, method, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    /// A POST with the application's Basic header.
    pub(crate) fn post_basic(&self, path: &str, body: &Value) -> Answer {
        self.post(path).basic_auth(ID, Some(SECRET)).json(body).send()
    }

    pub(crate) fn exchange_body(&self, code: &str, redirect_uri: Option<&str>) -> Value {
        let mut body = json!({ "client_id": ID, "client_secret": SECRET, "code": code });
        if let Some(uri) = redirect_uri {
            body["redirect_uri"] = uri.into();
        }
        body
    }

    pub(crate) fn exchange(&self, code: &str, redirect_uri: Option<&str>) -> Answer {
        self.post("/auth/token").json(&self.exchange_body(code, redirect_uri)).send()
    }

    /// The token response after a login.
    pub(crate) fn connect(&self, login: Login) -> Value {
        let code = self.emulator.issue_code(login);
        let answer = self.exchange(&code, None);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) fn introspect(&self, token: &Value) -> Answer {
        self.get("/introspect").token(token).send()
    }

    pub(crate) fn disconnect(&self, token: &Value) -> Answer {
        self.post("/disconnect").token(token).send()
    }

    pub(crate) fn works(&self, token: &Value) -> bool {
        let answer = self.introspect(token);
        if answer.status == 200 {
            return true;
        }
        assert_eq!(answer.error(), (401, "invalid_token".to_owned()));
        false
    }

    /// `POST /connect/sessions` for Acme with these fields, too.
    pub(crate) fn session(&self, more: &Value) -> Answer {
        let mut body =
            json!({ "customer_id": "acme", "customer_name": "Acme Inc", "products": ["company"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post_basic("/connect/sessions", &body)
    }

    /// The id of such a session.
    pub(crate) fn session_id(&self, more: &Value) -> String {
        self.session(more).json()["session_id"].as_str().unwrap().to_owned()
    }

    /// `POST /connect/sessions/reauthenticate`
    pub(crate) fn reauthenticate(&self, body: &Value) -> Answer {
        self.post_basic("/connect/sessions/reauthenticate", body)
    }

    /// The id of a session that renews the connection of a token.
    pub(crate) fn renewal(&self, token: &Value) -> String {
        let session = self.reauthenticate(&json!({ "connection_id": token["connection_id"] }));
        session.json()["session_id"].as_str().unwrap().to_owned()
    }

    /// `GET /authorize`
    pub(crate) fn open(&self, query: &[(&str, &str)]) -> Answer {
        self.get(&format!("/authorize?{}", encoded(query))).send()
    }

    /// `POST /authorize`
    pub(crate) fn submit<N: AsRef<str>, V: AsRef<str>>(&self, form: &[(N, V)]) -> Answer {
        self.post("/authorize").form(form).send()
    }
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Authenticates with the token of a token response.
    pub(crate) fn token(self, token: &Value) -> Self {
        self.bearer_auth(secret(token))
    }

    pub(crate) fn basic_auth(self, id: &str, secret: Option<&str>) -> Self {
        let pair = STANDARD.encode(format!("{id}:{}", secret.unwrap_or_default()));
        self.header("authorization", format!("Basic {pair}"))
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub(crate) fn form<N: AsRef<str>, V: AsRef<str>>(self, form: &[(N, V)]) -> Self {
        self.body(encoded(form))
    }

    /// `None`: the connection is closed.
    pub(crate) fn try_send(self) -> Option<Answer> {
        let headers: Vec<_> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let emulator = &self.finch.emulator;
        let answer = emulator.call(self.method, &self.path, &headers, &self.body)?;
        assert!(answer.header("finch-request-id").is_some());
        let text = String::from_utf8(answer.body).unwrap();
        Some(Answer { status: answer.status, text, headers: answer.headers })
    }

    pub(crate) fn send(self) -> Answer {
        self.try_send().unwrap()
    }
}

pub(crate) fn webhooks_to(url: &str) -> EmulatorConfig {
    let secrets = vec![HOOKS_SECRET.to_owned()];
    let webhook = Some(WebhookTarget { url: url.to_owned(), secrets });
    EmulatorConfig { webhook, ..EmulatorConfig::default() }
}

pub(crate) const HOOKS: &str = "http://127.0.0.1:1/hooks";
pub(crate) const HOOKS_SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
pub(crate) const ID: &str = EmulatorConfig::DEFAULT_CLIENT_ID;
pub(crate) const SECRET: &str = EmulatorConfig::DEFAULT_CLIENT_SECRET;

pub(crate) fn secret(token: &Value) -> &str {
    token["access_token"].as_str().unwrap()
}

fn encoded<N: AsRef<str>, V: AsRef<str>>(form: &[(N, V)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

/// User A with Credentials X at Gusto for Company C.
pub(crate) fn step_1() -> Login {
    Login::new("User A", "Gusto", "Company C", "Credentials X")
}

/// User B with other credentials.
pub(crate) fn step_3() -> Login {
    Login::new("User B", "Gusto", "Company C", "Credentials Y")
}

/// User A at another provider.
pub(crate) fn step_4() -> Login {
    Login::new("User A", "JustWorks", "Company C", "Credentials Z")
}
