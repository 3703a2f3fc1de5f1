//! The facts of a report, as serde writes them, for people.

use std::fmt;

use finch_core::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A fact. What says nothing is left out: null, false, zero, and what is empty.
#[derive(Debug)]
pub(crate) enum Fact {
    Nothing,
    Text(String),
    List(Vec<Fact>),
    /// Its names are labels: `what_to_do` is `what to do`.
    Record(Vec<(String, Fact)>),
}

/// What the headline says already, or says nothing to a person.
const UNSAID: [&str; 7] =
    ["verdict", "outcome", "mark", "left_open", "name", "finch_code", "finch_token_id"];

/// The facts of a value, in the order in which serde writes them.
pub(crate) fn of(value: &(impl Serialize + ?Sized)) -> Fact {
    let text = serde_json::to_string(value).ok();
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Fact::Nothing)
}

/// An event's moment, and in one line what happened, with what evidence, and who did it.
pub(crate) fn event(record: &[(String, Fact)]) -> Option<(String, String)> {
    let (at, event) = (field(record, "at")?, field(record, "event")?);
    let also = record.iter().filter(|(name, _)| {
        !matches!(name.as_str(), "at" | "event" | "by" | "connection id" | "customer")
    });
    let mut text = event.to_string().replace('_', " ");
    also.for_each(|(name, fact)| text.push_str(&format!(", {name} {fact}")));
    if let Some(by) = field(record, "by") {
        text.push_str(&format!(" ({by})"));
    }
    Some((at.to_string(), text))
}

fn field<'a>(record: &'a [(String, Fact)], wanted: &str) -> Option<&'a Fact> {
    record.iter().find_map(|(name, fact)| (name == wanted).then_some(fact))
}

impl Fact {
    /// The records of a list of records.
    pub(crate) fn records(&self) -> Vec<&[(String, Self)]> {
        let Self::List(items) = self else { return Vec::new() };
        let records = items.iter().map(|item| match item {
            Self::Record(fields) => Some(fields.as_slice()),
            _ => None,
        });
        records.collect::<Option<_>>().unwrap_or_default()
    }
}

/// In one line.
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self {
            Self::Nothing => Vec::new(),
            Self::Text(text) => vec![text.clone()],
            Self::List(items) => items.iter().map(Self::to_string).collect(),
            Self::Record(fields) => {
                let field = |(name, fact): &(String, Self)| match name.as_str() {
                    // What it is says its name.
                    "kind" | "failure" => fact.to_string().replace('_', " "),
                    name => format!("{name} {fact}"),
                };
                fields.iter().map(field).collect()
            }
        };
        f.write_str(&line.join(", "))
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Facts)
    }
}

struct Facts;

impl<'de> Visitor<'de> for Facts {
    type Value = Fact;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fact")
    }

    fn visit_unit<E>(self) -> Result<Fact, E> {
        Ok(Fact::Nothing)
    }

    fn visit_bool<E>(self, holds: bool) -> Result<Fact, E> {
        Ok(if holds { Fact::Text("yes".to_owned()) } else { Fact::Nothing })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Fact, E> {
        Ok(if number == 0 { Fact::Nothing } else { Fact::Text(number.to_string()) })
    }

    fn visit_i64<E>(self, number: i64) -> Result<Fact, E> {
        Ok(Fact::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Fact, E> {
        Ok(if number == 0.0 { Fact::Nothing } else { Fact::Text(number.to_string()) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Fact, E> {
        let moment = text.parse::<Timestamp>();
        Ok(match moment {
            _ if text.is_empty() => Fact::Nothing,
            Ok(at) => Fact::Text(moment_of(at)),
            Err(_) => Fact::Text(text.to_owned()),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Fact, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(if list.is_empty() { Fact::Nothing } else { Fact::List(list) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Fact, A::Error> {
        let mut record: Vec<(String, Fact)> = Vec::new();
        while let Some((name, fact)) = fields.next_entry::<String, Fact>()? {
            if !matches!(fact, Fact::Nothing) && !UNSAID.contains(&name.as_str()) {
                record.push((name.replace('_', " "), fact));
            }
        }
        Ok(if record.is_empty() { Fact::Nothing } else { Fact::Record(record) })
    }
}

/// A moment, to the second.
pub(crate) fn moment_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn every_kind_of_number_is_a_fact_and_zero_is_none() {
        let fact = super::of(&json!([3, -3, 0.5, 0, 0.0, -0.0, u64::MAX]));
        assert_eq!(fact.to_string(), "3, -3, 0.5, , , , 18446744073709551615");
    }
}
