//! Characters around a setting's value that are not part of it.

use thiserror::Error;

use crate::is_invisible;

/// What a value has that no setting has: it came along from an env file, a shell or a clipboard. The text
/// reads behind the setting's name, and repeats nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StrayCharacters {
    /// Quotation marks at its beginning or end: some readers of env files keep them.
    #[error("has a quotation mark at the beginning or end of its value")]
    QuotationMarks,
    /// A line break, at its end or within.
    #[error("has a line break in its value")]
    LineBreak,
    /// White space at its beginning or end.
    #[error("has white space at the beginning or end of its value")]
    WhiteSpace,
    /// Any other control character.
    #[error("has a control character in its value")]
    Control,
    /// A byte order mark, or another character that is not shown.
    #[error("has an invisible character in its value")]
    Invisible,
}

/// What `value` has that does not belong to it. None: it is clean, or empty.
pub fn stray_characters(value: &str) -> Option<StrayCharacters> {
    let at_an_end = |is: fn(char) -> bool| value.starts_with(is) || value.ends_with(is);
    if value.contains(['\n', '\r']) {
        Some(StrayCharacters::LineBreak)
    } else if at_an_end(char::is_whitespace) {
        Some(StrayCharacters::WhiteSpace)
    } else if value.contains(char::is_control) {
        Some(StrayCharacters::Control)
    } else if value.contains(is_invisible) {
        Some(StrayCharacters::Invisible)
    } else if at_an_end(is_quotation_mark) {
        Some(StrayCharacters::QuotationMarks)
    } else {
        None
    }
}

/// Those of shells and env files, and those that word processors put in their place.
fn is_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

#[cfg(test)]
mod tests {
    use super::{StrayCharacters as S, stray_characters};

    #[test]
    fn what_stands_around_a_value_is_named() {
        for (value, found) in [
            ("\"cid\"", S::QuotationMarks),
            ("'cid'", S::QuotationMarks),
            ("`cid`", S::QuotationMarks),
            ("“cid”", S::QuotationMarks),
            ("cid\"", S::QuotationMarks),
            (" cid", S::WhiteSpace),
            ("cid\t", S::WhiteSpace),
            ("cid\u{a0}", S::WhiteSpace),
            ("cid\n", S::LineBreak),
            ("cid\r", S::LineBreak),
            ("c\nid", S::LineBreak),
            ("c\u{1b}id", S::Control),
            ("\u{feff}cid", S::Invisible),
            ("cid\u{200b}", S::Invisible),
        ] {
            assert_eq!(stray_characters(value), Some(found), "{value:?}");
        }
        for clean in ["", "cid", "a b", "it's", "https://api.tryfinch.com", "Zm9v+/=="] {
            assert_eq!(stray_characters(clean), None, "{clean}");
        }
    }
}
