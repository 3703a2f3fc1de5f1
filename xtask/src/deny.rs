//! `deny.toml`, held without a network: licences, sources, unwanted crates and features, crates in two
//! versions. The file is cargo-deny's, which also knows advisories.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use spdx::{Expression, ParseMode};

use crate::{cargo, step::Failure, workspace::root};

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    sources: Sources,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Named>,
    skip: Vec<Named>,
    features: Vec<Features>,
}

/// A name or `name@version`, and the reason for its rule.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Features {
    #[serde(flatten)]
    of: Named,
    deny: Vec<String>,
}

/// What the lock file brings, on every system and with every feature.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// None for a crate of this workspace.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    features: Vec<String>,
}

/// What breaks a rule, and the rules that nothing needs, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let rules = std::fs::read_to_string(root().join("deny.toml"))
        .map_err(|error| Failure::Io("deny.toml could not be read".to_owned(), error))?;
    let arguments = ["metadata", "--locked", "--all-features", "--format-version", "1"];
    let metadata = cargo::output(&arguments)?;
    let wrong = |what, error: String| Failure::Problems(vec![format!("{what}: {error}")]);
    let rules = toml::from_str(&rules).map_err(|error| wrong("deny.toml", error.to_string()))?;
    let metadata = serde_json::from_str(&metadata)
        .map_err(|error| wrong("cargo metadata", error.to_string()))?;
    Ok(broken(&rules, &metadata))
}

fn broken(rules: &Rules, metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    let allow = &rules.licenses.allow;
    let mut unneeded: Vec<_> = allow.iter().collect();
    let mut versions = BTreeMap::<&str, Vec<String>>::new();
    for package in &metadata.packages {
        let at = format!("{}@{}", package.name, package.version);
        let license = package.license.as_deref().unwrap_or("none");
        let expression = Expression::parse_mode(license, ParseMode::LAX).ok();
        let allowed = |by: &dyn Fn(&String) -> bool| {
            expression.as_ref().is_some_and(|it| it.evaluate(|license| by(&license.to_string())))
        };
        if allowed(&|license| allow.contains(license)) {
            unneeded.retain(|one| allowed(&|license| license != *one && allow.contains(license)));
        } else {
            problems.push(format!("{at}: its licence is not allowed: {license}"));
        }
        let known = |source: &str| {
            let registry = source.strip_prefix("registry+");
            rules.sources.allow_registry.iter().any(|known| registry == Some(known))
        };
        if let Some(source) = package.source.as_deref().filter(|source| !known(source)) {
            problems.push(format!("{at}: its source is not allowed: {source}"));
        }
        for Named { name, reason } in rules.bans.deny.iter().filter(|ban| ban.name == package.name)
        {
            problems.push(format!("{at}: {reason}; what brings it: cargo tree -i {name}"));
        }
        versions.entry(&package.name).or_default().push(at);
    }
    problems.extend(unneeded.iter().map(|license| format!("deny.toml: nothing needs {license}")));

    let features: HashMap<_, _> =
        metadata.resolve.nodes.iter().map(|node| (&node.id, &node.features)).collect();
    for Features { of: Named { name, reason }, deny } in &rules.bans.features {
        let on = metadata.packages.iter().filter(|package| package.name == *name);
        let on = on.filter_map(|package| features.get(&package.id)).copied().flatten();
        for feature in on.filter(|feature| deny.contains(feature)) {
            problems.push(format!(
                "{name}: its feature {feature} is on ({reason}); what switches it on: \
                 cargo tree -e features -i {name}"
            ));
        }
        if !versions.contains_key(name.as_str()) {
            problems.push(format!("deny.toml: there is no {name} whose features it could deny"));
        }
    }

    versions.retain(|_, found| found.len() > 1);
    for Named { name, .. } in &rules.bans.skip {
        match versions
            .values_mut()
            .find_map(|found| Some((found.iter().position(|at| at == name)?, found)))
        {
            Some((at, found)) => drop(found.remove(at)),
            None => {
                problems.push(format!("deny.toml: {name} is the only version: skip it no more"))
            }
        }
    }
    let twice = versions.values().filter(|found| found.len() > 1);
    problems
        .extend(twice.map(|found| format!("{}: without a reason in deny.toml", found.join(", "))));
    problems
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
        let (rules, metadata) =
            (serde_json::from_value(rules).unwrap(), serde_json::from_value(metadata).unwrap());
        let found = broken(&rules, &metadata);
        let starts = [
            "gpl@1.0.0: its licence is not allowed: MIT AND GPL-3.0-only",
            "git@1.0.0: its source is not allowed: git+https://a.example",
            "bad@1.0.0: why; what brings it",
            "deny.toml: nothing needs ISC",
            "big: its feature default is on (why)",
            "deny.toml: there is no gone",
            "deny.toml: big@1.0.0 is the only version",
            "twice@2.0.0, twice@3.0.0: without a reason",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (line, start) in found.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}
