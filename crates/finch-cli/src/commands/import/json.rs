//! Lines of JSON: an object a line.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::{
    columns::{Column, shown},
    row::{Bad, Fields},
};

/// More names than this are ignored without being listed.
const LISTED: usize = 100;

/// What a line holds. The names of other members go into `ignored`.
pub(super) fn read(line: &[u8], ignored: &mut BTreeSet<String>) -> Result<Fields, Bad> {
    let text = std::str::from_utf8(line).map_err(|_| Bad::not_utf8())?;
    // serde's message repeats parts of the line.
    let object: Object = serde_json::from_str(text).map_err(|_| {
        Bad::malformed("the line is no JSON object with a token and a customer, each once")
    })?;
    for name in object.ignored {
        if ignored.len() < LISTED {
            ignored.insert(shown(&name));
        }
    }
    let text = |value: Option<Value>| value.map(Value::into_text).unwrap_or_default();
    Ok(Fields {
        token: text(object.token),
        customer: text(object.customer),
        connection_id: text(object.connection_id),
    })
}

#[derive(Default)]
struct Object {
    token: Option<Value>,
    customer: Option<Value>,
    connection_id: Option<Value>,
    ignored: Vec<String>,
}

/// Applications also have ids that are numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Number(u64),
    Null(()),
}

impl Value {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Null(()) => String::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut object = Object::default();
        while let Some(name) = map.next_key::<String>()? {
            let member = match Column::of(&name) {
                Some(Column::Token) => &mut object.token,
                Some(Column::Customer) => &mut object.customer,
                Some(Column::ConnectionId) => &mut object.connection_id,
                None => {
                    map.next_value::<IgnoredAny>()?;
                    object.ignored.push(name);
                    continue;
                }
            };
            if member.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_spelling_and_stand_once() {
        let mut ignored = BTreeSet::new();
        let line = br#"{"accessToken":" t ","Customer ID":42,"connection_id":null,"plan":[{}]}"#;
        let fields = read(line, &mut ignored).expect("an object");
        assert_eq!((&*fields.token, &*fields.customer, &*fields.connection_id), ("t", "42", ""));
        assert_eq!(ignored.into_iter().collect::<Vec<_>>(), ["plan"]);
        for line in [
            &br#"{"token":"a","access_token":"b","customer":"c"}"#[..],
            br#"{"token":null,"token":"b","customer":"c"}"#,
            br#"{"token":"a","customer":["c"]}"#,
            b"[]",
            b"{",
        ] {
            let bad = read(line, &mut BTreeSet::new()).err().expect("it is refused");
            assert_eq!(bad.kind, "malformed");
        }
        let bad = read(b"{\"token\":\"\xff\"}", &mut BTreeSet::new()).err().expect("not UTF-8");
        assert_eq!(bad.kind, "not_utf8");
    }
}
