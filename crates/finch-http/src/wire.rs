//! Reading Finch's JSON. A field is parsed only when it is asked for, so that a broken one breaks nothing
//! else. No message of the JSON parser is passed on, since it may quote the content.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::reply::NotSuccess;

/// A JSON object, its fields unread.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    fields.push((unquoted(key.get()), value.get()));
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

impl<'a> Object<'a> {
    /// Reads a whole answer.
    pub(crate) fn parse(text: &'a str) -> Result<Self, NotSuccess> {
        serde_json::from_str(text).map_err(|error| not_an_object(text, &error))
    }

    /// Reads the object with which an answer begins, whatever follows it: only where a token would be
    /// lost otherwise.
    pub(crate) fn leading(text: &'a str) -> Result<Self, NotSuccess> {
        let mut json = serde_json::Deserializer::from_str(text);
        Self::deserialize(&mut json).map_err(|error| not_an_object(text, &error))
    }

    /// The fields of that name as JSON, the last one first; null counts as absent.
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().rev().filter(move |(key, _)| key == name);
        named.map(|(_, value)| *value).filter(|json| *json != "null")
    }

    /// Of the fields of that name the last one that can be read.
    fn read<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        self.all(name).find_map(|json| serde_json::from_str(json).ok())
    }

    /// A text, if there is one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.read(name)
    }

    /// A text, unless another field of that name says something else.
    pub(crate) fn only_text(&self, name: &str) -> Option<String> {
        let mut same = self.0.iter().filter(|(key, _)| key == name);
        let first = same.next()?.1;
        let text = serde_json::from_str(first).ok();
        text.filter(|_| same.all(|(_, value)| *value == first))
    }

    /// An identifier, if there is a valid one.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Option<T> {
        self.all(name).find_map(|json| serde_json::from_str::<Text<'_>>(json).ok()?.0.parse().ok())
    }

    /// The texts of an array, if there is one that is empty or has any; other elements are skipped.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let array: Vec<&RawValue> = self.read(name)?;
        let text = |json: &&RawValue| serde_json::from_str(json.get()).ok();
        let texts: Vec<String> = array.iter().filter_map(text).collect();
        (array.is_empty() || !texts.is_empty()).then_some(texts)
    }

    /// An object, if there is one.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        self.read(name)
    }

    /// Whether the field is a whole number.
    pub(crate) fn is_integer(&self, name: &str) -> bool {
        self.read::<i64>(name).is_some()
    }

    /// A text that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<String, NotSuccess> {
        self.find(name, |text| !text.is_empty()).ok_or_else(|| self.no_text(name))
    }

    /// Of the fields of that name the last one with such a text.
    pub(crate) fn find(&self, name: &str, will_do: impl Fn(&String) -> bool) -> Option<String> {
        let mut texts = self.all(name).filter_map(|json| serde_json::from_str(json).ok());
        texts.find(will_do)
    }

    /// An identifier that must be there.
    pub(crate) fn required_id<T: FromStr>(&self, name: &str) -> Result<T, NotSuccess> {
        self.id(name).ok_or_else(|| self.no_text(name))
    }

    /// Why the field is not the text or the identifier that it should be.
    pub(crate) fn no_text(&self, name: &str) -> NotSuccess {
        let found = match self.all(name).next().map(|json| json.as_bytes()) {
            None => "is missing",
            Some(b"\"\"") => "is empty",
            Some([b'"', ..]) if self.text(name).is_none() => "is not Unicode",
            Some([b'"', ..]) => "is no identifier of Finch's",
            Some([b'{', ..]) => "should be a text and is an object",
            Some([b'[', ..]) => "should be a text and is an array",
            Some([b't' | b'f', ..]) => "should be a text and is a boolean",
            Some(_) => "should be a text and is a number",
        };
        NotSuccess::Unreadable(format!("{name} {found}"))
    }
}

fn not_an_object(text: &str, error: &serde_json::Error) -> NotSuccess {
    let problem = match text.trim_start().as_bytes().first() {
        None => "it is empty",
        Some(b'{') if error.is_eof() => "its JSON breaks off",
        Some(b'{') => "its JSON is broken",
        Some(_) => "it is not a JSON object",
    };
    NotSuccess::Unreadable(problem.to_owned())
}

/// A text that is copied only where it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A JSON key without its quotes. Escapes are legal and rare; a key that is not Unicode stays as it is.
fn unquoted(key: &str) -> Cow<'_, str> {
    let plain = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    match plain.filter(|plain| !plain.contains('\\')) {
        Some(plain) => plain.into(),
        None => serde_json::from_str::<String>(key).map_or(key.into(), Cow::Owned),
    }
}
