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
        let script = format!("return document.querySelectorAll({}).length", json!(selector));
        let count = self.evaluate(&script).await.as_u64();
        count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
    }

    /// The value of the page's first field of this name.
    ///
    /// # Panics
    /// If there is none.
    pub async fn value(&self, name: &str) -> String {
        let script = format!("return document.getElementsByName({})[0]?.value", json!(name));
        let value = self.evaluate(&script).await;
        value.as_str().unwrap_or_else(|| panic!("no field is called {name}")).to_owned()
    }

    /// Whether nothing sticks out of the screen, so that no person must scroll sideways.
    pub async fn fits_the_screen(&self) -> bool {
        let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
        self.evaluate(fits).await == Value::Bool(true)
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
