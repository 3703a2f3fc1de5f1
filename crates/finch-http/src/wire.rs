//! Reading Finch's JSON: strict about what is asked for, blind to the rest.
//!
//! A field is looked at only when it is asked for, so that a broken one breaks nothing else. No
//! message of the JSON parser gets out of here, since it may quote what it stumbled on.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::reply::Problem;

/// A JSON object, its fields unread.
pub(crate) struct Object<'a> {
    fields: Fields<'a>,
    /// Where it is in the answer: nothing, or a path with a dot at its end.
    path: String,
}

struct Fields<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

impl<'a> Object<'a> {
    /// Reads a whole answer.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Problem> {
        Self::at(String::new(), text).map_err(|error| {
            let problem = match text.trim_start().as_bytes().first() {
                None => "it is empty",
                Some(b'{') if error.is_eof() => "its JSON breaks off",
                Some(b'{') => "its JSON is broken",
                Some(_) => "it is not a JSON object",
            };
            Problem::Unreadable(problem.to_owned())
        })
    }

    fn at(path: String, text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(|fields| Self { fields, path })
    }

    /// The last field of that name, as JSON; null counts as absent.
    fn raw(&self, name: &str) -> Option<&'a str> {
        let fields = self.fields.0.iter().rev();
        let (_, value) = fields.into_iter().find(|(key, _)| is_named(key.get(), name))?;
        Some(value.get()).filter(|json| *json != "null")
    }

    /// A text, if there is one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// An identifier, if there is a valid one.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The texts of an array, if there is one; what is no text is passed over.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = String> + use<'a> {
        let array =
            self.raw(name).and_then(|json| serde_json::from_str::<Vec<&RawValue>>(json).ok());
        array.into_iter().flatten().filter_map(|json| serde_json::from_str(json.get()).ok())
    }

    /// An object, if there is one.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::at(format!("{}{name}.", self.path), self.raw(name)?).ok()
    }

    /// Whether the field is a whole number.
    pub(crate) fn is_integer(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|json| json.parse::<i64>().is_ok())
    }

    /// A text that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<String, Problem> {
        match self.text(name) {
            Some(text) if text.is_empty() => Err(self.problem(name, "is empty")),
            Some(text) => Ok(text),
            None => Err(self.missing(name, "a text")),
        }
    }

    /// An identifier that must be there.
    pub(crate) fn required_id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.required(name)?.parse().map_err(|_| self.problem(name, "is no identifier of Finch's"))
    }

    /// An object that must be there.
    pub(crate) fn required_object(&self, name: &str) -> Result<Self, Problem> {
        self.object(name).ok_or_else(|| self.missing(name, "an object"))
    }

    fn missing(&self, name: &str, wanted: &str) -> Problem {
        let found = match self.raw(name).map(|json| json.as_bytes().first().copied()) {
            None => return self.problem(name, "is missing"),
            Some(Some(b'"')) if wanted == "a text" => return self.problem(name, "is not Unicode"),
            Some(Some(b'"')) => "a text",
            Some(Some(b'{')) => "an object",
            Some(Some(b'[')) => "an array",
            Some(Some(b't' | b'f')) => "a boolean",
            Some(_) => "a number",
        };
        self.problem(name, &format!("should be {wanted} and is {found}"))
    }

    fn problem(&self, name: &str, problem: &str) -> Problem {
        Problem::Unreadable(format!("{}{name} {problem}", self.path))
    }
}

/// Whether a JSON key, quotes and all, is this name. Escapes are legal and rare.
fn is_named(key: &str, name: &str) -> bool {
    let plain = key.strip_prefix('"').and_then(|k| k.strip_suffix('"'));
    plain == Some(name)
        || (key.contains('\\') && serde_json::from_str::<String>(key).is_ok_and(|k| k == name))
}
