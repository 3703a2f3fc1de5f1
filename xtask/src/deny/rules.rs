//! The part of `deny.toml` that can be held without a network.

use toml::{Table, Value};

/// A crate, and why it is not wanted, or wanted twice.
#[derive(Debug)]
pub(super) struct Named {
    /// A name, or `name@version`.
    pub(super) name: String,
    pub(super) reason: String,
}

/// Features of a crate that nothing may switch on.
#[derive(Debug)]
pub(super) struct Features {
    pub(super) of: Named,
    pub(super) deny: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Rules {
    pub(super) licences: Vec<String>,
    pub(super) registries: Vec<String>,
    pub(super) banned: Vec<Named>,
    /// Versions that may stand beside another one of the same crate.
    pub(super) skipped: Vec<Named>,
    pub(super) features: Vec<Features>,
}

impl Rules {
    /// Reads them.
    ///
    /// # Errors
    /// What is missing, or not of the form that is expected here: cargo-deny knows more forms.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let file: Table = text.parse().map_err(|error| format!("{error}"))?;
        let bans = "bans";
        for (section, key) in [
            ("sources", "unknown-registry"),
            ("sources", "unknown-git"),
            (bans, "multiple-versions"),
            ("advisories", "yanked"),
        ] {
            if field(&file, section, key)?.as_str() != Some("deny") {
                return Err(format!("[{section}] {key} has to be \"deny\""));
            }
        }
        let features = list(field(&file, bans, "features")?)?.iter().map(|entry| {
            let deny = texts(entry.get("deny").ok_or("[[bans.features]] without `deny`")?)?;
            Ok(Features { of: named(entry)?, deny })
        });
        Ok(Self {
            licences: texts(field(&file, "licenses", "allow")?)?,
            registries: texts(field(&file, "sources", "allow-registry")?)?,
            banned: list(field(&file, bans, "deny")?)?
                .iter()
                .map(named)
                .collect::<Result<_, _>>()?,
            skipped: list(field(&file, bans, "skip")?)?
                .iter()
                .map(named)
                .collect::<Result<_, _>>()?,
            features: features.collect::<Result<_, String>>()?,
        })
    }
}

fn field<'a>(file: &'a Table, section: &str, key: &str) -> Result<&'a Value, String> {
    let value = file.get(section).and_then(|section| section.get(key));
    value.ok_or_else(|| format!("[{section}] {key} is missing"))
}

fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("{value:?}: a list is expected"))
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts: Option<Vec<_>> = list(value)?.iter().map(text).collect();
    texts.ok_or_else(|| format!("{value:?}: texts are expected"))
}

/// `{ crate = "…", reason = "…" }`: nothing is excused without a reason.
fn named(value: &Value) -> Result<Named, String> {
    let text = |key| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (text("crate"), text("reason")) {
        (Some(name), Some(reason)) => {
            Ok(Named { name: name.to_owned(), reason: reason.to_owned() })
        }
        _ => Err(format!("{value:?}: `crate` and `reason` are expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deny::tests::RULES;

    #[test]
    fn what_is_read_is_what_stands_there() {
        let rules = Rules::read(RULES).unwrap();
        assert_eq!(rules.licences, ["MIT", "ISC"]);
        assert_eq!(
            (rules.banned[0].name.as_str(), rules.skipped[0].name.as_str()),
            ("bad", "twice@1.0.0")
        );
        assert_eq!(rules.features[0].deny, ["default"]);
    }

    #[test]
    fn a_rule_that_is_not_understood_is_no_rule_that_holds() {
        for (from, to) in [
            ("yanked = \"deny\"", "yanked = \"warn\""),
            ("unknown-git = \"deny\"", ""),
            ("multiple-versions = \"deny\"", "multiple-versions = \"allow\""),
            (", reason = \"it is bad\"", ""),
            ("reason = \"it is bad\"", "reason = \"\""),
            ("allow = [", "allowed = ["),
            ("deny = [\"default\"]", ""),
            ("[licenses]", "[licenses"),
        ] {
            assert!(RULES.contains(from), "{from}");
            assert!(Rules::read(&RULES.replacen(from, to, 1)).is_err(), "{from}");
        }
    }
}
