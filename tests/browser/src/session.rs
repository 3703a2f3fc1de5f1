//! WebDriver: a session, and the commands that are needed of it.

use std::time::Duration;

use serde_json::{Value, json};

/// A session of ChromeDriver's.
#[derive(Debug)]
pub(crate) struct Session {
    http: reqwest::Client,
    url: String,
}

/// How long something is waited for that should appear.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is found has this name, by the standard.
pub(crate) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Session {
    /// Opens one with these options of Chrome's.
    pub(crate) async fn open(driver: &str, options: Value) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let patience = PATIENCE.as_millis();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "implicit": patience, "pageLoad": patience, "script": patience },
            "goog:chromeOptions": options,
        }}});
        let mut session = Self { http, url: format!("{driver}/session") };
        let opened = session.post("", wanted).await.unwrap_or_else(|why| panic!("{why}"));
        let id = opened["sessionId"].as_str().expect("a session");
        session.url = format!("{}/{id}", session.url);
        session
    }

    /// Asks for something.
    pub(crate) async fn get(&self, command: &str) -> Value {
        let answer = self.http.get(format!("{}{command}", self.url)).send();
        value(answer.await).await.unwrap_or_else(|why| panic!("{command}: {why}"))
    }

    /// Does something; an error is what the browser says of it.
    pub(crate) async fn post(&self, command: &str, body: Value) -> Result<Value, String> {
        value(self.http.post(format!("{}{command}", self.url)).json(&body).send().await).await
    }

    /// Does something that has to work.
    pub(crate) async fn run(&self, command: &str, body: Value) -> Value {
        self.post(command, body).await.unwrap_or_else(|why| panic!("{command}: {why}"))
    }

    /// The element at this XPath, once it is there.
    pub(crate) async fn find(&self, xpath: &str) -> Result<String, String> {
        let found = self.post("/element", json!({ "using": "xpath", "value": xpath })).await?;
        Ok(found[ELEMENT].as_str().expect("an element").to_owned())
    }

    /// How many elements are at this XPath now.
    pub(crate) async fn count(&self, xpath: &str) -> usize {
        self.run("/timeouts", json!({ "implicit": 0 })).await;
        let found = self.run("/elements", json!({ "using": "xpath", "value": xpath })).await;
        self.run("/timeouts", json!({ "implicit": PATIENCE.as_millis() })).await;
        found.as_array().map_or(0, Vec::len)
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.run("/goog/cdp/execute", body).await
    }

    /// Ends it; the browser goes.
    pub(crate) async fn close(&self) {
        let _ = self.http.delete(&self.url).send().await;
    }
}

async fn value(answer: reqwest::Result<reqwest::Response>) -> Result<Value, String> {
    let answer = answer.expect("chromedriver answers");
    let succeeded = answer.status().is_success();
    let mut body: Value = answer.json().await.expect("chromedriver speaks JSON");
    match succeeded {
        true => Ok(body["value"].take()),
        false => Err(body["value"]["message"].as_str().unwrap_or("no message").to_owned()),
    }
}
