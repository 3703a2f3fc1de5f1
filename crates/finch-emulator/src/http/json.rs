//! Reading JSON bodies: errors name the field, and repeat no value, which may be a secret.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::Segment;
use url::Url;

/// What is wrong with a body, and in which field.
#[derive(Debug)]
pub(crate) struct Invalid {
    field: String,
    rule: String,
}

impl Invalid {
    pub(crate) fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { field: field.into(), rule: rule.into() }
    }

    pub(crate) fn body(rule: impl Into<String>) -> Self {
        Self::new("", rule)
    }

    /// A sentence for a person who filled in a form.
    pub(crate) fn sentence(&self) -> String {
        match self.field.as_str() {
            "" => format!("It {}.", self.rule),
            field => format!("`{field}` {}.", self.rule),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "the body {}", self.rule),
            field => write!(f, "`{field}` {}", self.rule),
        }
    }
}

pub(crate) fn parse(text: &[u8]) -> Result<Value, Invalid> {
    if text.is_empty() {
        return Err(Invalid::body("must be JSON, but it is empty"));
    }
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Invalid::body(format!("is not JSON: the error is at line {line}, column {column}"))
    })
}

pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let key = |segment: &Segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            _ => None,
        };
        let mut path: Vec<_> = error.path().iter().filter_map(key).collect();
        let message = error.inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|it| it.strip_suffix('`'));
        path.extend(missing.map(str::to_owned));
        Invalid::new(path.join("."), rule(&message))
    })
}

/// serde's message without the value that it was given.
fn rule(message: &str) -> String {
    if message.starts_with("missing field") {
        return "is required".to_owned();
    }
    if message.starts_with("UUID parsing failed") {
        return "must be a UUID".to_owned();
    }
    let Some((given, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    if given.starts_with("unknown field") {
        return format!("is unknown; expected {expected}");
    }
    match expected {
        "a boolean" => "must be true or false".to_owned(),
        "a sequence" => "must be an array".to_owned(),
        "f64" => "must be a number".to_owned(),
        "a nonzero i64" => "must be a whole number other than 0".to_owned(),
        "u16" | "u64" | "usize" => "must be a whole number, 0 or more".to_owned(),
        "a nonzero u32" | "a nonzero usize" => "must be a whole number, 1 or more".to_owned(),
        "a map" => "must be an object".to_owned(),
        expected if expected.starts_with("struct ") => "must be an object".to_owned(),
        expected => format!("must be {}", expected.replace('`', "")),
    }
}

/// A newtype whose value is checked when it is deserialized.
macro_rules! checked {
    ($(#[$attribute:meta])* $name:ident($inner:ty), $is_valid:expr, $rule:expr) => {
        $(#[$attribute])*
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <$inner>::deserialize(deserializer)?;
                let is_valid: fn(&$inner) -> bool = $is_valid;
                if is_valid(&value) { Ok(Self(value)) } else { Err(serde::de::Error::custom($rule)) }
            }
        }
    };
}
pub(crate) use checked;

checked!(
    /// A string of 1 to 255 characters that is not blank.
    Text(String),
    |text| !text.trim().is_empty() && text.chars().count() <= 255,
    "must have 1 to 255 characters"
);

checked!(
    /// An absolute URL, as it was written.
    AbsoluteUrl(String),
    |text| Url::parse(text).is_ok_and(|url| !url.cannot_be_a_base()),
    "must be an absolute URL"
);

/// Non-empty strings, each once.
#[derive(Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Names(pub(crate) Vec<String>);

impl TryFrom<Vec<String>> for Names {
    type Error = &'static str;

    fn try_from(given: Vec<String>) -> Result<Self, &'static str> {
        let mut names = Vec::with_capacity(given.len());
        for name in given {
            if name.is_empty() {
                return Err("must not contain an empty string");
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Self(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_repeats_no_value() {
        for value in [Value::from("SECRET"), Value::from("SECRET, expected SECRET"), 7.into()] {
            for error in [
                from_value::<u64>(value.clone()).err().filter(|_| value != 7),
                from_value::<bool>(value.clone()).err(),
                from_value::<AbsoluteUrl>(value.clone()).err(),
                from_value::<crate::FinchError>(value.clone()).err(),
                from_value::<uuid::Uuid>(value.clone()).err(),
            ] {
                assert!(error.is_none_or(|error| !error.to_string().contains("SECRET")), "{value}");
            }
        }
    }
}
