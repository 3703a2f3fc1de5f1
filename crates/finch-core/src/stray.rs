//! Characters around a setting's value that are not part of it.

use thiserror::Error;

use crate::is_invisible;

/// What a value has that no setting has: it came along from an env file, a shell or a clipboard. The text
/// reads behind the setting's name, and repeats nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("has {0} its value")]
pub struct StrayCharacters(&'static str);

/// What `value` has that does not belong to it. None: it is clean, or empty.
pub fn stray_characters(value: &str) -> Option<StrayCharacters> {
    let at_an_end = |is: fn(char) -> bool| value.starts_with(is) || value.ends_with(is);
    let found = [
        (value.contains(['\n', '\r']), "a line break in"),
        (at_an_end(char::is_whitespace), "white space at the beginning or end of"),
        (value.contains(char::is_control), "a control character in"),
        (value.contains(is_invisible), "an invisible character in"),
        // Some readers of env files keep them.
        (at_an_end(is_quotation_mark), "a quotation mark at the beginning or end of"),
    ];
    found.into_iter().find_map(|(is, what)| is.then_some(StrayCharacters(what)))
}

/// Those of shells and env files, and those that word processors put in their place.
fn is_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

#[cfg(test)]
mod tests {
    use super::stray_characters;

    #[test]
    fn what_stands_around_a_value_is_named() {
        for (what, values) in [
            ("quotation mark", &["\"cid\"", "'cid'", "`cid`", "“cid”", "cid\""][..]),
            ("white space", &[" cid", "cid\t", "cid\u{a0}"]),
            ("line break", &["cid\n", "cid\r", "c\nid"]),
            ("control character", &["c\u{1b}id"]),
            ("invisible character", &["\u{feff}cid", "cid\u{200b}"]),
        ] {
            for value in values {
                let found = stray_characters(value).expect("it is not clean").to_string();
                assert!(found.contains(what), "{value:?}: {found}");
            }
        }
        for clean in ["", "cid", "a b", "it's", "https://api.tryfinch.com", "Zm9v+/=="] {
            assert_eq!(stray_characters(clean), None, "{clean}");
        }
    }
}
