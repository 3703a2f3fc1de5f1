//! Canaries: no secret is in a file or in what was printed, in no writing.

use std::{collections::BTreeSet, fs};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use finch_testkit::disguises;
use memchr::memmem::Finder;
use uuid::Uuid;

use crate::stage::Stage;

/// The secrets of a stage, each in every writing in which it might be found.
#[derive(Default)]
pub(crate) struct Canaries {
    known: BTreeSet<String>,
    finders: Vec<Finder<'static>>,
}

impl Canaries {
    /// Watches for this secret, and for the bytes that its text stands for.
    pub(crate) fn add(&mut self, secret: &str) {
        if !self.known.insert(secret.to_owned()) {
            return;
        }
        self.watch(&disguises(secret));
        if let Ok(uuid) = Uuid::parse_str(secret) {
            self.watch(&disguises(&uuid.simple().to_string()));
            self.watch(&[uuid.as_bytes().to_vec()]);
        } else if let Some(bytes) = from_hex(secret) {
            self.watch(&[bytes]);
        }
    }

    /// Watches for what a key file holds: a prefix, and a key in base64.
    pub(crate) fn add_key(&mut self, line: &str) {
        let digits = line.rsplit(':').next().unwrap();
        self.watch(&disguises(digits));
        self.watch(&[URL_SAFE_NO_PAD.decode(digits).expect("a key file holds base64")]);
    }

    fn watch(&mut self, forms: &[Vec<u8>]) {
        self.finders.extend(forms.iter().map(|form| Finder::new(form).into_owned()));
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.finders.iter().any(|finder| finder.find(bytes).is_some())
    }
}

/// Where a secret stands in the clear: files but for keys and rescued tokens, and what was printed.
///
/// Only while this process does not have the store open: closing any descriptor of a file drops the
/// locks that SQLite holds on it in this process.
pub(crate) fn leaks(stage: &Stage) -> Vec<String> {
    let canaries = stage.canaries.borrow();
    let tokens: BTreeSet<String> =
        stage.finch.state().tokens.into_iter().map(|token| token.fingerprint).collect();
    let leaks = |bytes: &[u8]| canaries.is_in(bytes) || has_token(bytes, &tokens);
    let mut found = Vec::new();
    for path in stage.files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let may_hold_one = name.ends_with(".key") || name.contains(".rescue-");
        if !may_hold_one && leaks(&fs::read(&path).unwrap()) {
            found.push(format!("a secret stands in {name}"));
        }
    }
    if leaks(stage.said.borrow().as_bytes()) {
        found.push("a secret was printed".to_owned());
    }
    found
}

/// Whether some text in here is an access token, known to us or not: Finch's truth tells by the
/// fingerprint.
fn has_token(bytes: &[u8], tokens: &BTreeSet<String>) -> bool {
    let dashes = memchr::memchr_iter(b'-', bytes);
    let uuids = dashes.filter_map(|at| {
        let text = bytes.get(at.checked_sub(8)?..at + 28)?;
        let text = (text[13] == b'-').then_some(text)?;
        let text = std::str::from_utf8(text).ok()?;
        Uuid::try_parse(text).ok().map(|_| text)
    });
    uuids.into_iter().any(|text| tokens.contains(&fingerprint(text)))
}

/// Names a token as the emulator does.
pub(crate) fn fingerprint(token: &str) -> String {
    let mut hex = Uuid::new_v5(&Uuid::NAMESPACE_OID, token.as_bytes()).simple().to_string();
    hex.truncate(16);
    hex
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}
