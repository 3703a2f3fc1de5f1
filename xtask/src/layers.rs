//! Who must not depend on whom: the picture of ARCHITECTURE.md as a check.

use std::collections::BTreeSet;

use crate::cargo;
use crate::step::Failure;

/// What one crate must not depend on, however far down.
struct Layer {
    package: &'static str,
    /// How it is built here: with everything, or with nothing that can be left out.
    features: &'static str,
    /// Whether it may depend on crates of this workspace at all.
    stands_alone: bool,
    forbidden: &'static [&'static str],
}

/// What only tests depend on.
const TESTKIT: &str = "finch-testkit";

const EVERYTHING: &str = "--all-features";
const NOTHING: &str = "--no-default-features";

const LAYERS: &[Layer] = &[
    Layer {
        package: "finch-core",
        features: EVERYTHING,
        stands_alone: true,
        forbidden: &["tokio", "reqwest", "rusqlite", "axum", "hyper", "aws-lc-rs"],
    },
    Layer {
        package: "finch-http",
        features: EVERYTHING,
        stands_alone: false,
        forbidden: &["rusqlite", "finch-sqlite", "finch-seal", "finch-app"],
    },
    Layer {
        package: "finch-seal",
        features: EVERYTHING,
        stands_alone: true,
        forbidden: &["rusqlite", "tokio", "reqwest"],
    },
    Layer {
        package: "finch-sqlite",
        features: EVERYTHING,
        stands_alone: false,
        forbidden: &["reqwest", "hyper", "finch-http", "finch-app"],
    },
    Layer {
        package: "finch-app",
        features: NOTHING,
        stands_alone: false,
        forbidden: &["rusqlite", "reqwest", "finch-http", "finch-sqlite"],
    },
    Layer {
        package: "finch-web",
        features: NOTHING,
        stands_alone: false,
        forbidden: &["rusqlite", "reqwest", "finch-http", "finch-sqlite"],
    },
    Layer { package: "finch-cli", features: EVERYTHING, stands_alone: false, forbidden: &[] },
    Layer {
        package: "finch-testkit",
        features: EVERYTHING,
        stands_alone: false,
        forbidden: &["rusqlite", "finch-sqlite", "finch-seal", "finch-app"],
    },
    Layer { package: "finch-emulator", features: EVERYTHING, stands_alone: true, forbidden: &[] },
    Layer { package: "xtask", features: EVERYTHING, stands_alone: true, forbidden: &[] },
];

/// What breaks a layer, one line each.
pub(crate) fn check() -> Result<Vec<String>, Failure> {
    let mut broken = Vec::new();
    for layer in LAYERS {
        let arguments = ["tree", "--locked", "-p", layer.package, layer.features];
        let flat = ["-e", "normal", "--prefix", "none", "-f", "{p}"];
        broken.extend(broken_by(layer, &cargo::output(&[&arguments[..], &flat].concat())?));
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
        let layer = &LAYERS[0];
        let tree = "finch-core v0.1.0 (somewhere)\nserde v1.0.0\ntokio v1.0.0\ntokio v1.0.0 (*)\n\
                    tokio-macros v2.0.0 (proc-macro)\nfinch-seal v0.1.0 (elsewhere)\n";
        let broken = broken_by(layer, tree);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].starts_with("finch-core must not depend on finch-seal;"));
        assert!(broken[1].starts_with("finch-core must not depend on tokio;"));
    }

    #[test]
    fn the_testkit_is_in_no_release() {
        let layer = LAYERS.iter().find(|layer| layer.package == "finch-cli").unwrap();
        let broken =
            broken_by(layer, "finch-cli v0.1.0\nfinch-core v0.1.0\nfinch-testkit v0.1.0\n");
        assert_eq!(broken.len(), 1, "{broken:?}");
    }

    /// A name of ours that is misspelt, or that no crate has any more, forbids nothing.
    #[test]
    fn every_name_of_ours_is_a_crate_of_the_lock_file() {
        let lock = std::fs::read_to_string(crate::workspace::root().join("Cargo.lock")).unwrap();
        let forbidden = LAYERS.iter().flat_map(|layer| layer.forbidden).copied();
        let packages = LAYERS.iter().map(|layer| layer.package);
        for name in forbidden.filter(|name| is_ours(name)).chain(packages) {
            assert!(lock.contains(&format!("name = \"{name}\"\n")), "{name}");
        }
    }
}
