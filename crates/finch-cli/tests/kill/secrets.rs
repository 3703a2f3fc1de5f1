//! Canaries: no secret is in a file or in what was printed, in no writing.

use std::{collections::BTreeSet, fs};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
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
    /// Watches for this secret.
    pub(crate) fn add(&mut self, secret: &str) {
        if !self.known.insert(secret.to_owned()) {
            return;
        }
        self.watch(secret.as_bytes());
        // What the text stands for.
        if let Ok(uuid) = Uuid::parse_str(secret) {
            self.watch(uuid.as_bytes());
        } else if let Some(bytes) = from_hex(secret) {
            self.watch(&bytes);
        }
    }

    /// Watches for what a key file holds: a prefix, and a key in base64.
    pub(crate) fn add_key(&mut self, line: &str) {
        let digits = line.rsplit(':').next().unwrap();
        self.known.insert(line.to_owned());
        self.watch(digits.as_bytes());
        self.watch(&URL_SAFE_NO_PAD.decode(digits).expect("a key file holds base64"));
    }

    fn watch(&mut self, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into(), hex.into()];
        // Base64 of a text that holds it: three alignments, without the digits that are shared with
        // what stands around it.
        for shift in 0..3 {
            let padded = [&[0; 3][..shift], bytes].concat();
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let text = engine.encode(&padded);
                forms.push(text.as_bytes()[[0, 2, 3][shift]..padded.len() * 8 / 6].to_vec());
            }
        }
        forms.sort();
        forms.dedup();
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
        stage.truth().tokens.into_iter().map(|token| token.fingerprint).collect();
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

#[test]
fn a_secret_is_found_in_every_writing() {
    let secret = "0b6a2ab8-6e0c-4f5e-9d0e-7f1cc0ffee01";
    let mut canaries = Canaries::default();
    canaries.add(secret);
    let uuid = Uuid::parse_str(secret).unwrap();
    let mut forms = vec![secret.as_bytes().to_vec(), uuid.as_bytes().to_vec()];
    forms.push(uuid.simple().to_string().into());
    forms.push(uuid.simple().to_string().to_uppercase().into());
    for before in ["", "a", "ab", "abc"] {
        forms.push(STANDARD_NO_PAD.encode(format!("{before}{secret} and more")).into());
        forms.push(URL_SAFE_NO_PAD.encode([before.as_bytes(), uuid.as_bytes()].concat()).into());
    }
    for form in forms {
        assert!(canaries.is_in(&[b"before".to_vec(), form, b"after".to_vec()].concat()));
    }
    assert!(!canaries.is_in(b"0b6a2ab8-6e0c-4f5e-9d0e-7f1cc0ffee02"));
    let tokens = BTreeSet::from([fingerprint(secret)]);
    assert!(has_token(format!("Bearer {secret}.").as_bytes(), &tokens));
    assert!(!has_token(secret.replace("01", "02").as_bytes(), &tokens));
}
