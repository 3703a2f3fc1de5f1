//! `deny.toml`, held without a network: licences, sources, unwanted crates and features, crates in two
//! versions. The file is cargo-deny's, which also knows advisories.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::{cargo, step::Failure, workspace::root};

/// What breaks a rule, and the rules that nothing needs, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let rules = std::fs::read_to_string(root().join("deny.toml"))
        .map_err(|error| Failure::Io("deny.toml could not be read".to_owned(), error))?;
    let arguments = ["metadata", "--locked", "--all-features", "--format-version", "1"];
    let metadata = cargo::output(&arguments)?;
    let wrong = |error: String| Failure::Problems(vec![error]);
    let rules = toml::from_str(&rules).map_err(|error| wrong(format!("deny.toml: {error}")))?;
    let metadata = serde_json::from_str(&metadata)
        .map_err(|error| wrong(format!("cargo metadata: {error}")))?;
    broken(&rules, &metadata).map_err(wrong)
}

fn list<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], String> {
    let list = value.pointer(path).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| format!("there is no list {path}"))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    let text = value[name].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| format!("{value} has no {name}"))
}

/// Fails if a rule or the metadata cannot be read: a rule that is misspelt must not be passed over.
fn broken(rules: &Value, metadata: &Value) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    let allow: Vec<&str> =
        list(rules, "/licenses/allow")?.iter().filter_map(Value::as_str).collect();
    let registries = list(rules, "/sources/allow-registry")?;
    let mut unneeded = allow.clone();
    let mut versions = BTreeMap::<&str, Vec<String>>::new();
    for package in list(metadata, "/packages")? {
        let name = text(package, "name")?;
        let at = format!("{name}@{}", text(package, "version")?);
        let license = package["license"].as_str().unwrap_or("none");
        let expression = Expression::parse_mode(license, ParseMode::LAX).ok();
        let allowed = |by: &dyn Fn(&str) -> bool| {
            expression.as_ref().is_some_and(|it| it.evaluate(|license| by(&license.to_string())))
        };
        if allowed(&|license| allow.contains(&license)) {
            unneeded.retain(|one| allowed(&|license| license != *one && allow.contains(&license)));
        } else {
            problems.push(format!("{at}: its licence is not allowed: {license}"));
        }
        // A crate of this workspace has no source.
        if let Some(source) = package["source"].as_str() {
            let registry = source.strip_prefix("registry+");
            if !registries.iter().any(|known| known.as_str() == registry) {
                problems.push(format!("{at}: its source is not allowed: {source}"));
            }
        }
        for ban in list(rules, "/bans/deny")? {
            if text(ban, "crate")? == name {
                let reason = text(ban, "reason")?;
                problems.push(format!("{at}: {reason}; what brings it: cargo tree -i {name}"));
            }
        }
        versions.entry(name).or_default().push(at);
    }
    problems.extend(unneeded.iter().map(|license| format!("deny.toml: nothing needs {license}")));

    let nodes = list(metadata, "/resolve/nodes")?.iter();
    let nodes: HashMap<_, _> = nodes.map(|node| (node["id"].as_str(), node)).collect();
    for rule in list(rules, "/bans/features")? {
        let (name, reason) = (text(rule, "crate")?, text(rule, "reason")?);
        let denied = list(rule, "/deny")?;
        for package in list(metadata, "/packages")?.iter().filter(|it| it["name"] == name) {
            let Some(node) = nodes.get(&package["id"].as_str()) else { continue };
            for feature in list(node, "/features")?.iter().filter(|on| denied.contains(on)) {
                problems.push(format!(
                    "{name}: its feature {feature} is on ({reason}); what switches it on: \
                     cargo tree -e features -i {name}"
                ));
            }
        }
        if !versions.contains_key(name) {
            problems.push(format!("deny.toml: there is no {name} whose features it could deny"));
        }
    }

    versions.retain(|_, found| found.len() > 1);
    for skip in list(rules, "/bans/skip")? {
        let (version, _reason) = (text(skip, "crate")?, text(skip, "reason")?);
        let versions = versions.values_mut().find(|found| found.iter().any(|at| at == version));
        match versions {
            Some(found) => found.retain(|at| at != version),
            None => problems.push(format!("deny.toml: {version} is not one of two versions")),
        }
    }
    for found in versions.values().filter(|found| found.len() > 1) {
        problems.push(format!("{}: without a reason in deny.toml", found.join(", ")));
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tree_keeps_the_rules() {
        let problems = check().unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn each_rule_finds_what_breaks_it_and_that_nothing_needs_it() {
        let package = |id: &str, license: &str, source: &str| {
            let (name, version) = id.split_once('@').unwrap();
            json!({ "id": id, "name": name, "version": version, "license": license, "source": source })
        };
        let packages = [
            package("gpl@1.0.0", "MIT AND GPL-3.0-only", "registry+https://a.example"),
            package("git@1.0.0", "GPL-3.0-only/MIT", "git+https://a.example"),
            package("bad@1.0.0", "(MIT)", "registry+https://a.example"),
            package("big@1.0.0", "MIT", "registry+https://a.example"),
            package("twice@1.0.0", "MIT", "registry+https://a.example"),
            package("twice@2.0.0", "MIT", "registry+https://a.example"),
            package("twice@3.0.0", "MIT", "registry+https://a.example"),
        ];
        let nodes = [json!({ "id": "big@1.0.0", "features": ["std", "default"] })];
        let metadata = json!({ "packages": packages, "resolve": { "nodes": nodes } });
        let rules = json!({
            "licenses": { "allow": ["MIT", "ISC"] },
            "sources": { "allow-registry": ["https://a.example"] },
            "bans": {
                "deny": [{ "crate": "bad", "reason": "why" }],
                "skip": [{ "crate": "twice@1.0.0", "reason": "why" }, { "crate": "big@1.0.0", "reason": "why" }],
                "features": [
                    { "crate": "big", "deny": ["default"], "reason": "why" },
                    { "crate": "gone", "deny": ["default"], "reason": "why" },
                ],
            },
        });
        let found = broken(&rules, &metadata).unwrap();
        let starts = [
            "gpl@1.0.0: its licence is not allowed: MIT AND GPL-3.0-only",
            "git@1.0.0: its source is not allowed: git+https://a.example",
            "bad@1.0.0: why; what brings it",
            "deny.toml: nothing needs ISC",
            "big: its feature \"default\" is on (why)",
            "deny.toml: there is no gone",
            "deny.toml: big@1.0.0 is not one of two versions",
            "twice@2.0.0, twice@3.0.0: without a reason",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (line, start) in found.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
        let mut misspelt = rules.clone();
        misspelt["bans"]["skip"][0]["reason"] = "".into();
        assert!(broken(&misspelt, &metadata).is_err());
        assert!(broken(&json!({}), &metadata).is_err() && broken(&rules, &json!({})).is_err());
    }
}
