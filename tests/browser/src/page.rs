//! The page that is open, as a person reads and uses it: by its words.

use std::{env, fs, path::PathBuf, time::Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::{
    Browser,
    driver::is_required,
    session::{ELEMENT, PATIENCE},
};

/// Where `cargo xtask test` puts it.
const AXE: &str = "browser/package/axe.min.js";

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
        found => done(found.violations.map(v => ({
            rule: v.id, help: v.help, at: v.nodes.map(n => n.html + ' ' + n.failureSummary),
        }))),
        error => done([{ rule: String(error) }]),
    );";

/// Another tab of a browser.
#[derive(Debug)]
pub struct Tab(String);

impl Browser {
    /// Opens a page.
    pub async fn goto(&self, url: &str) {
        self.session.run("/url", json!({ "url": url })).await;
    }

    /// Where it is.
    pub async fn url(&self) -> String {
        self.session.get("/url").await.as_str().unwrap_or_default().to_owned()
    }

    /// What it says.
    pub async fn text(&self) -> String {
        let body = self.session.find("//body").await.unwrap_or_else(|why| panic!("{why}"));
        let text = self.session.get(&format!("/element/{body}/text")).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until it says this.
    ///
    /// # Panics
    /// If it never does.
    pub async fn sees(&self, text: &str) {
        if self.session.find(&saying(text)).await.is_err() {
            panic!("{} does not say {text:?} but:\n{}", self.url().await, self.text().await);
        }
    }

    /// Loads it again until it says this: something else has to happen first.
    ///
    /// # Panics
    /// If it never does.
    pub async fn until_sees(&self, text: &str) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.session.count(&saying(text)).await > 0 {
                return;
            }
            self.reload().await;
        }
        panic!("it never says {text:?}:\n{}", self.text().await);
    }

    /// The tab in front.
    pub async fn here(&self) -> Tab {
        Tab(self.session.get("/window").await.as_str().expect("a tab").to_owned())
    }

    /// Opens another tab; this one stays in front.
    pub async fn another(&self) -> Tab {
        let tab = self.session.run("/window/new", json!({ "type": "tab" })).await;
        Tab(tab["handle"].as_str().expect("a tab").to_owned())
    }

    /// Goes to that tab.
    pub async fn switch_to(&self, tab: &Tab) {
        self.session.run("/window", json!({ "handle": tab.0 })).await;
    }

    /// Makes sure that it does not say this.
    ///
    /// # Panics
    /// If it does.
    pub async fn does_not_see(&self, text: &str) {
        let found = self.session.count(&saying(text)).await;
        assert_eq!(found, 0, "{} says {text:?}:\n{}", self.url().await, self.text().await);
    }

    /// Presses the first button, link or summary that begins with these words.
    pub async fn press(&self, words: &str) {
        self.click(&pressed(words)).await;
    }

    async fn click(&self, xpath: &str) {
        let element = self.element(xpath).await;
        self.session.run(&format!("/element/{element}/click"), json!({})).await;
    }

    async fn element(&self, xpath: &str) -> String {
        match self.session.find(xpath).await {
            Ok(element) => element,
            Err(_) => panic!("nothing is at {xpath}:\n{}", self.text().await),
        }
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, text: &str) {
        let label = quoted(label);
        let xpath = format!(
            "//*[@id=//label[normalize-space()={label}]/@for] | //label[normalize-space()={label}]//input"
        );
        let field = self.element(&xpath).await;
        self.session.run(&format!("/element/{field}/clear"), json!({})).await;
        self.session.run(&format!("/element/{field}/value"), json!({ "text": text })).await;
    }

    /// Goes back, as with the button.
    pub async fn back(&self) {
        self.session.run("/back", json!({})).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.session.run("/refresh", json!({})).await;
    }

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

    /// Looks the page through.
    ///
    /// # Panics
    /// If axe finds something.
    pub async fn is_accessible(&self) {
        let Ok(axe) = fs::read_to_string(target().join(AXE)) else {
            assert!(!is_required(), "there is no axe in {AXE}: cargo xtask test fetches it");
            eprintln!("NOT RUN: there is no axe. `cargo xtask test` says more.");
            return;
        };
        self.evaluate(&axe).await;
        let found = self.session.run("/execute/async", json!({ "script": RUN, "args": [] })).await;
        let none = found.as_array().is_some_and(Vec::is_empty);
        assert!(none, "{}: {found:#}", self.url().await);
    }

    /// Keeps a picture of the whole page in `target/screenshots`.
    pub async fn picture(&self, name: &str) {
        let whole = json!({ "captureBeyondViewport": true });
        let taken = self.session.devtools("Page.captureScreenshot", whole).await;
        let picture = base64::engine::general_purpose::STANDARD
            .decode(taken["data"].as_str().unwrap_or_default())
            .expect("a picture");
        let folder = target().join("screenshots");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{name}.png")), picture).expect("a file");
    }
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target");
    env::var_os("CARGO_TARGET_DIR").map_or_else(beside, PathBuf::from)
}

/// What can be pressed.
fn pressed(words: &str) -> String {
    let words = quoted(words);
    format!(
        "//*[self::button or self::a or self::summary][starts-with(normalize-space(), {words})]"
    )
}

/// The page, if it says this.
fn saying(text: &str) -> String {
    format!("//body[contains(normalize-space(.), {})]", quoted(text))
}

/// A text in an XPath, which knows no escapes.
fn quoted(text: &str) -> String {
    match text.contains('\'') {
        true => format!("\"{text}\""),
        false => format!("'{text}'"),
    }
}
