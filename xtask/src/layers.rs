//! Which crate must not depend on which: the picture of ARCHITECTURE.md as a check.

use std::collections::BTreeSet;

use crate::cargo;
use crate::step::Failure;

/// A package; how it is built here: with everything, or with nothing that can be left out; whether it is `alone`,
/// without any other crate of this workspace; and what it must not depend on, however far down.
const LAYERS: &str = "
finch-core     --all-features        alone   tokio reqwest rusqlite axum hyper aws-lc-rs
finch-http     --all-features        layered rusqlite finch-sqlite finch-seal finch-app
finch-seal     --all-features        alone   rusqlite tokio reqwest
finch-sqlite   --all-features        layered reqwest hyper finch-http finch-app
finch-app      --no-default-features layered rusqlite reqwest finch-http finch-sqlite
finch-web      --no-default-features layered rusqlite reqwest finch-http finch-sqlite
finch-cli      --all-features        layered
finch-testkit  --all-features        layered rusqlite finch-sqlite finch-seal finch-app
finch-emulator --all-features        alone
xtask          --all-features        alone
";

/// A row of the table.
struct Layer {
    package: &'static str,
    features: &'static str,
    stands_alone: bool,
    forbidden: Vec<&'static str>,
}

/// What only tests depend on.
const TESTKIT: &str = "finch-testkit";

fn layers() -> impl Iterator<Item = Layer> {
    LAYERS.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (package, features) = (words.next()?, words.next()?);
        let stands_alone = words.next()? == "alone";
        Some(Layer { package, features, stands_alone, forbidden: words.collect() })
    })
}

/// What breaks a layer, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let mut broken = Vec::new();
    for layer in layers() {
        let arguments = ["tree", "--locked", "-p", layer.package, layer.features];
        let flat = ["-e", "normal", "--prefix", "none", "-f", "{p}"];
        broken.extend(broken_by(&layer, &cargo::output(&[&arguments[..], &flat].concat())?));
    }
    Ok(broken)
}

/// `tree` is flat: on each line a crate's name, its version, and more.
fn broken_by(layer: &Layer, tree: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let found: BTreeSet<&str> = names.filter(|name| forbids(layer, name)).collect();
    let Layer { package, features, .. } = layer;
    let line = |name| {
        format!(
            "{package} must not depend on {name}; what brings it: \
             cargo tree -p {package} {features} -e normal -i {name}"
        )
    };
    found.into_iter().map(line).collect()
}

fn forbids(layer: &Layer, name: &str) -> bool {
    let sibling = is_ours(name) && name != layer.package;
    sibling && (layer.stands_alone || name == TESTKIT) || layer.forbidden.contains(&name)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("finch-") || name == "xtask"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_hold() {
        let broken = check().unwrap();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    #[test]
    fn a_forbidden_crate_is_found_once() {
        let layer = layers().next().unwrap();
        let tree = "finch-core v0.1.0 (somewhere)\nserde v1.0.0\ntokio v1.0.0\ntokio v1.0.0 (*)\n\
                    tokio-macros v2.0.0 (proc-macro)\nfinch-seal v0.1.0 (elsewhere)\n";
        let broken = broken_by(&layer, tree);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].starts_with("finch-core must not depend on finch-seal;"));
        assert!(broken[1].starts_with("finch-core must not depend on tokio;"));
    }

    #[test]
    fn the_testkit_is_in_no_release() {
        let layer = layers().find(|layer| layer.package == "finch-cli").unwrap();
        let broken =
            broken_by(&layer, "finch-cli v0.1.0\nfinch-core v0.1.0\nfinch-testkit v0.1.0\n");
        assert_eq!(broken.len(), 1, "{broken:?}");
    }

    /// A name of ours that is misspelt, or that no crate has any more, forbids nothing.
    #[test]
    fn every_name_of_ours_is_a_crate_of_the_lock_file() {
        let lock = std::fs::read_to_string(crate::workspace::root().join("Cargo.lock")).unwrap();
        let names = layers().flat_map(|layer| [layer.forbidden, vec![layer.package]].concat());
        for name in names.filter(|name| is_ours(name)) {
            assert!(lock.contains(&format!("name = \"{name}\"\n")), "{name}");
        }
    }
}
