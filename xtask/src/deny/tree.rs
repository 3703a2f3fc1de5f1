//! What the lock file brings, on every system and with every feature: `cargo metadata`, read.

use std::collections::HashMap;

use serde_json::Value;

#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
    /// Where it comes from; none for what lies in this checkout.
    pub(super) source: Option<String>,
    /// The features that are on.
    pub(super) features: Vec<String>,
}

/// Reads the packages.
///
/// # Errors
/// What is missing.
pub(super) fn read(metadata: &str) -> Result<Vec<Package>, String> {
    let metadata: Value = serde_json::from_str(metadata).map_err(|error| error.to_string())?;
    let nodes = list(&metadata["resolve"]["nodes"], "resolve.nodes")?;
    let mut features = HashMap::new();
    for node in nodes {
        let on = list(&node["features"], "features")?.iter();
        let on: Vec<String> = on.filter_map(Value::as_str).map(str::to_owned).collect();
        features.insert(text(node, "id")?, on);
    }
    let packages = list(&metadata["packages"], "packages")?.iter();
    let package = |package: &Value| {
        let optional = |key: &str| package[key].as_str().map(str::to_owned);
        Ok(Package {
            name: text(package, "name")?,
            version: text(package, "version")?,
            licence: optional("license"),
            source: optional("source"),
            features: features.remove(&text(package, "id")?).unwrap_or_default(),
        })
    };
    packages.map(package).collect()
}

fn list<'a>(value: &'a Value, what: &str) -> Result<&'a Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("cargo metadata has no `{what}`"))
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    let found = value[key].as_str().map(str::to_owned);
    found.ok_or_else(|| format!("cargo metadata has something without `{key}`"))
}
