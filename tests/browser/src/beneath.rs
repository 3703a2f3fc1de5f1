//! What a person does not see of a page: its status, its fields, its elements.

use serde_json::{Value, json};

use crate::{Browser, session::ELEMENT};

impl Browser {
    /// The status with which the page came.
    pub async fn status(&self) -> u64 {
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.evaluate(status).await.as_u64().unwrap_or_default()
    }

    /// What a script returns that runs in the page.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.session.run("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// How many elements of the page a CSS selector hits.
    pub async fn count(&self, selector: &str) -> usize {
        let script = "return document.querySelectorAll(arguments[0]).length";
        let body = json!({ "script": script, "args": [selector] });
        let count = self.session.run("/execute/sync", body).await;
        count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
    }

    /// The value of the page's first field of this name.
    ///
    /// # Panics
    /// If there is none.
    pub async fn value(&self, name: &str) -> String {
        let script = "return document.querySelector(`[name=\"${arguments[0]}\"]`)?.value";
        let body = json!({ "script": script, "args": [name] });
        let value = self.session.run("/execute/sync", body).await;
        value.as_str().unwrap_or_else(|| panic!("no field is called {name}")).to_owned()
    }

    /// Goes into the page's frame, once it is there.
    ///
    /// # Panics
    /// If it never is.
    pub async fn enter_frame(&self) {
        let frame = self.session.find("//iframe").await.unwrap_or_else(|why| panic!("{why}"));
        self.session.run("/frame", json!({ "id": { ELEMENT: frame } })).await;
    }

    /// Back to the page itself.
    pub async fn leave_frame(&self) {
        self.session.run("/frame", json!({ "id": null })).await;
    }
}
