//! The fields of a JSON object, read with a complaint that names the field.

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

/// The most characters that a name, an id or a label may have.
const LONGEST: usize = 255;

/// What is wrong with a body, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// The same for a person who has filled in a form: a sentence about what they wrote.
    pub(crate) fn plainly(&self) -> String {
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

/// The fields of one object. An optional field may be absent or null; fields that nobody asks
/// for are ignored.
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object, path: "" }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn invalid(&self, name: &str, rule: impl Into<String>) -> Invalid {
        Invalid::new(format!("{}{name}", self.path), rule)
    }

    /// A string that must be there, of any length.
    pub(crate) fn string(&self, name: &str) -> Result<&'a str, Invalid> {
        self.optional_string(name)?.ok_or_else(|| self.invalid(name, "is required"))
    }

    pub(crate) fn optional_string(&self, name: &str) -> Result<Option<&'a str>, Invalid> {
        self.typed(name, Value::as_str, "must be a string")
    }

    /// A string of 1 to 255 characters that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Invalid> {
        self.optional_text(name)?.ok_or_else(|| self.invalid(name, "is required"))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Invalid> {
        match self.optional_string(name)? {
            Some(text) if text.trim().is_empty() || text.chars().count() > LONGEST => {
                Err(self.invalid(name, format!("must have 1 to {LONGEST} characters")))
            }
            text => Ok(text),
        }
    }

    /// An absolute URL, kept as it was written.
    pub(crate) fn url(&self, name: &str) -> Result<Option<&'a str>, Invalid> {
        match self.optional_string(name)? {
            Some(text) if !Url::parse(text).is_ok_and(|url| !url.cannot_be_a_base()) => {
                Err(self.invalid(name, "must be an absolute URL"))
            }
            text => Ok(text),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Invalid> {
        self.typed(name, Value::as_bool, "must be true or false")
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Invalid> {
        self.typed(name, Value::as_f64, "must be a number")
    }

    /// A whole number that isn't negative.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u64>, Invalid> {
        self.typed(name, Value::as_u64, "must be a whole number, 0 or more")
    }

    /// One of a few things, by its name.
    pub(crate) fn one_of<T: Copy>(
        &self,
        name: &str,
        choices: &[T],
        as_str: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Invalid> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let named = |choice: &&T| value.as_str() == Some(as_str(**choice));
        choices.iter().find(named).copied().map(Some).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|choice| as_str(*choice)).collect();
            self.invalid(name, format!("must be one of: {}", names.join(", ")))
        })
    }

    /// A list of strings, each once.
    pub(crate) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, Invalid> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let rule = || self.invalid(name, "must be an array of strings");
        let mut strings = Vec::new();
        for item in value.as_array().ok_or_else(rule)? {
            let item = item.as_str().filter(|item| !item.is_empty()).ok_or_else(rule)?;
            if !strings.iter().any(|known| known == item) {
                strings.push(item.to_owned());
            }
        }
        Ok(Some(strings))
    }

    /// The fields of an object in this one; `path` is where it stands, with a dot at its end.
    pub(crate) fn object(&self, name: &str, path: &'a str) -> Result<Option<Self>, Invalid> {
        let object = self.typed(name, Value::as_object, "must be an object")?;
        Ok(object.map(|object| Self { object, path }))
    }

    fn typed<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
        rule: &str,
    ) -> Result<Option<T>, Invalid> {
        let read = |value| read(value).ok_or_else(|| self.invalid(name, rule));
        self.get(name).map(read).transpose()
    }
}
