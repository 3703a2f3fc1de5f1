//! Licences, sources, unwanted crates and features, and crates in two versions: `deny.toml`, held by what
//! cargo itself says, without a network and without another tool.

mod licence;
mod rules;
mod tree;

use std::collections::BTreeMap;

use crate::cargo;
use crate::step::Failure;
use crate::workspace::root;
use rules::{Named, Rules};
use tree::Package;

/// What breaks a rule, or is a rule that nothing needs, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(root().join("deny.toml"))
        .map_err(|error| Failure::Io("deny.toml could not be read".to_owned(), error))?;
    let metadata = ["metadata", "--locked", "--all-features", "--format-version", "1"];
    let metadata = cargo::output(&metadata)?;
    let wrong = |problem| Failure::Problems(vec![problem]);
    let rules = Rules::read(&text).map_err(|error| wrong(format!("deny.toml: {error}")))?;
    Ok(broken(&rules, &tree::read(&metadata).map_err(wrong)?))
}

fn broken(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut problems = licences(rules, packages);
    problems.extend(sources(rules, packages));
    problems.extend(banned(rules, packages));
    problems.extend(features(rules, packages));
    problems.extend(duplicates(rules, packages));
    problems
}

fn licences(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let denied = without_licence(packages, &rules.licences);
    let mut problems: Vec<String> = denied
        .iter()
        .map(|package| match &package.licence {
            Some(licence) => format!("{}: its licence is not allowed: {licence}", at(package)),
            None => format!("{}: it says no licence", at(package)),
        })
        .collect();
    for licence in &rules.licences {
        let others: Vec<String> =
            rules.licences.iter().filter(|other| *other != licence).cloned().collect();
        if without_licence(packages, &others).len() == denied.len() {
            problems.push(format!("deny.toml: nothing needs the licence {licence}"));
        }
    }
    problems
}

/// The packages that cannot be used under these licences.
fn without_licence<'a>(packages: &'a [Package], allow: &[String]) -> Vec<&'a Package> {
    let allow = |name: &str| allow.iter().any(|licence| licence == name);
    let allowed = |text: &String| licence::is_allowed(text, &allow);
    packages.iter().filter(|package| !package.licence.as_ref().is_some_and(allowed)).collect()
}

fn sources(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let known = |source: &str| {
        source
            .strip_prefix("registry+")
            .is_some_and(|url| rules.registries.iter().any(|r| r == url))
    };
    let strange = packages.iter().filter_map(|package| {
        let source = package.source.as_deref().filter(|source| !known(source))?;
        Some(format!("{}: its source is not allowed: {source}", at(package)))
    });
    strange.collect()
}

fn banned(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for Named { name, reason } in &rules.banned {
        let found = packages.iter().filter(|package| package.name == *name);
        problems.extend(found.map(|package| {
            format!(
                "{}: it is banned ({reason}); what brings it: cargo tree -i {name}",
                at(package)
            )
        }));
    }
    problems
}

fn features(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for rule in &rules.features {
        let Named { name, reason } = &rule.of;
        let found: Vec<_> = packages.iter().filter(|package| package.name == *name).collect();
        if found.is_empty() {
            problems.push(format!("deny.toml: there is no {name} whose features it could deny"));
        }
        for package in found {
            for on in package.features.iter().filter(|on| rule.deny.contains(on)) {
                problems.push(format!(
                    "{}: its feature {on} is on ({reason}); what switches it on: \
                     cargo tree -e features -i {name}",
                    at(package)
                ));
            }
        }
    }
    problems
}

fn duplicates(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(at(package));
    }
    let skipped = |version: &String| rules.skipped.iter().any(|skip| skip.name == *version);
    for found in versions.values() {
        let counted: Vec<&str> =
            found.iter().filter(|version| !skipped(version)).map(String::as_str).collect();
        if counted.len() > 1 {
            problems.push(format!("{}: without a reason in deny.toml", counted.join(" beside ")));
        }
    }
    for Named { name, .. } in &rules.skipped {
        if !versions.values().any(|found| found.len() > 1 && found.contains(name)) {
            problems
                .push(format!("deny.toml: {name} stands beside no other version: skip it no more"));
        }
    }
    problems
}

fn at(package: &Package) -> String {
    format!("{}@{}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const RULES: &str = r#"
        [advisories]
        yanked = "deny"
        [licenses]
        allow = ["MIT", "ISC"]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://registry.example"]
        [bans]
        multiple-versions = "deny"
        deny = [{ crate = "bad", reason = "it is bad" }]
        skip = [{ crate = "twice@1.0.0", reason = "for a while" }]
        [[bans.features]]
        crate = "big"
        deny = ["default"]
        reason = "too much"
    "#;

    fn package(name: &str, version: &str, licence: &str) -> String {
        let registry = "registry+https://registry.example";
        format!(
            r#"{{"id":"{name}@{version}","name":"{name}","version":"{version}","license":"{licence}","source":"{registry}"}}"#
        )
    }

    /// A tree that breaks no rule, with a place for one more package.
    fn metadata(more: Option<String>) -> String {
        let mut packages = vec![
            r#"{"id":"ours","name":"ours","version":"0.1.0","license":"MIT","source":null}"#
                .to_owned(),
            package("twice", "1.0.0", "MIT OR GPL-3.0"),
            package("twice", "2.0.0", "MIT"),
            package("big", "1.0.0", "ISC"),
        ];
        packages.extend(more);
        let nodes = r#"{"id":"big@1.0.0","features":["std"]}"#;
        let packages = packages.join(",");
        format!(r#"{{"packages":[{packages}],"resolve":{{"nodes":[{nodes}]}}}}"#)
    }

    fn found(rules: &str, metadata: &str) -> Vec<String> {
        broken(&Rules::read(rules).unwrap(), &tree::read(metadata).unwrap())
    }

    fn found_with(more: String) -> Vec<String> {
        found(RULES, &metadata(Some(more)))
    }

    #[test]
    fn the_tree_keeps_the_rules() {
        let problems = check().unwrap();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn a_tree_that_keeps_them_has_no_problem() {
        assert_eq!(found(RULES, &metadata(None)), Vec::<String>::new());
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found() {
        let problems = found_with(package("new", "1.0.0", "MIT AND GPL-3.0"));
        assert_eq!(problems, ["new@1.0.0: its licence is not allowed: MIT AND GPL-3.0"]);
        let none = package("new", "1.0.0", "x").replace(r#""x""#, "null");
        assert_eq!(found_with(none), ["new@1.0.0: it says no licence"]);
    }

    #[test]
    fn a_source_that_is_not_allowed_is_found() {
        for source in ["git+https://registry.example", "registry+https://other.example"] {
            let strange =
                package("new", "1.0.0", "MIT").replace("registry+https://registry.example", source);
            let expected = format!("new@1.0.0: its source is not allowed: {source}");
            assert_eq!(found_with(strange), [expected]);
        }
    }

    #[test]
    fn an_unwanted_crate_is_found() {
        let problems = found_with(package("bad", "1.0.0", "MIT"));
        let expected = "bad@1.0.0: it is banned (it is bad); what brings it: cargo tree -i bad";
        assert_eq!(problems, [expected]);
    }

    #[test]
    fn an_unwanted_feature_is_found() {
        let metadata = metadata(None).replace(r#"["std"]"#, r#"["std","default"]"#);
        let problems = found(RULES, &metadata);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("big@1.0.0: its feature default is on (too much);"));
    }

    #[test]
    fn another_version_is_found() {
        for version in ["1.0.1", "3.0.0"] {
            let problems = found_with(package("twice", version, "MIT"));
            let expected =
                format!("twice@2.0.0 beside twice@{version}: without a reason in deny.toml");
            assert_eq!(problems, [expected]);
        }
    }

    #[test]
    fn a_rule_that_nothing_needs_is_found() {
        let licence = RULES.replace(r#""ISC"]"#, r#""ISC", "Zlib"]"#);
        let version = RULES.replace("twice@1.0.0", "twice@1.5.0");
        let feature = RULES.replace(r#"crate = "big""#, r#"crate = "gone""#);
        for (rules, start) in [
            (licence, "deny.toml: nothing needs the licence Zlib"),
            (version, "twice@1.0.0 beside twice@2.0.0"),
            (feature, "deny.toml: there is no gone"),
        ] {
            let problems = found(&rules, &metadata(None));
            assert!(problems.iter().any(|problem| problem.starts_with(start)), "{problems:?}");
        }
        let alone = metadata(None).replace(r#""version":"2.0.0""#, r#""version":"1.0.0""#);
        assert!(found(&RULES.replace("twice@", "big@"), &alone).len() > 1);
    }

    #[test]
    fn metadata_that_is_not_understood_is_an_error() {
        for text in ["", "{}", r#"{"packages":[]}"#, r#"{"packages":[{}],"resolve":{"nodes":[]}}"#]
        {
            assert!(tree::read(text).is_err(), "{text}");
        }
    }
}
