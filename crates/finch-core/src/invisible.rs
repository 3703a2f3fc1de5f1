//! Characters that are not visible, or that change how their neighbours are shown: two texts that differ in
//! them look alike, and some of them reorder a line.

use std::fmt::{self, Write as _};

/// First and last code point of each range, in order. From the Unicode Character Database, version 17:
/// `Default_Ignorable_Code_Point`, `Bidi_Control`, the general categories Cc, Cf, Co, Zl and Zp, Zs without
/// U+0020, the noncharacters; and what is drawn as a blank (`BLANK` in the tests). Unassigned code points are not among
/// them, unless they are reserved as ignorable: they are shown as a box. A test compares this table with the
/// properties of every code point.
const RANGES: [(u32, u32); 49] = [
    (0x0, 0x1f),
    (0x7f, 0xa0),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffc),
    (0xfffe, 0xffff),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x13441, 0x13442),
    (0x16fe4, 0x16fe4),
    (0x1bca0, 0x1bca3),
    (0x1d159, 0x1d159),
    (0x1d173, 0x1d17a),
    (0x1fffe, 0x1ffff),
    (0x2fffe, 0x2ffff),
    (0x3fffe, 0x3ffff),
    (0x4fffe, 0x4ffff),
    (0x5fffe, 0x5ffff),
    (0x6fffe, 0x6ffff),
    (0x7fffe, 0x7ffff),
    (0x8fffe, 0x8ffff),
    (0x9fffe, 0x9ffff),
    (0xafffe, 0xaffff),
    (0xbfffe, 0xbffff),
    (0xcfffe, 0xcffff),
    (0xdfffe, 0xe0fff),
    (0xefffe, 0x10ffff),
];

/// Whether a character is not visible, or changes how its neighbours are shown: controls, white space other
/// than U+0020, bidirectional and other format characters, fillers, variation selectors, tags, private use.
pub fn is_invisible(c: char) -> bool {
    let c = u32::from(c);
    let at = RANGES.partition_point(|(_, last)| *last < c);
    RANGES.get(at).is_some_and(|(first, _)| *first <= c)
}

/// A text as it can be shown: what is [not visible](is_invisible) in it is written as `\u{200b}`. Every
/// other character stays, so that it is for reading, and not for reading back.
#[derive(Clone, Copy, Debug)]
pub struct Visible<'a>(pub &'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains(is_invisible) {
            return f.pad(self.0);
        }
        let mut shown = String::with_capacity(self.0.len() + 16);
        for c in self.0.chars() {
            if is_invisible(c) {
                write!(shown, "{}", c.escape_unicode())?;
            } else {
                shown.push(c);
            }
        }
        f.pad(&shown)
    }
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{Class, HirKind};

    use super::*;

    /// Drawn as a blank, or standing for what is not there: the Braille blank, the object replacement
    /// character, the hieroglyphic blanks, the Khitan filler and the null notehead.
    const BLANK: [u32; 6] = [0x2800, 0xfffc, 0x13441, 0x13442, 0x16fe4, 0x1d159];

    #[test]
    fn the_table_is_what_unicode_says_of_every_code_point() {
        let expected = regex_syntax::parse(
            r"[[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{White_Space}\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Zs}]--\x20]",
        );
        let HirKind::Class(Class::Unicode(expected)) = expected.unwrap().into_kind() else {
            panic!("a set of characters")
        };
        for c in '\0'..=char::MAX {
            let expected = expected.iter().any(|range| (range.start()..=range.end()).contains(&c));
            let expected = expected || BLANK.contains(&u32::from(c));
            assert_eq!(is_invisible(c), expected, "{}", c.escape_unicode());
        }
    }

    #[test]
    fn what_is_not_visible_is_written_out() {
        let text = "a\u{61c}\u{ad}\u{180e}\u{34f}\u{115f}\u{3164}\u{fe0f}\u{e0041}\u{a0}\u{1b}b";
        let shown = Visible(text).to_string();
        assert_eq!(
            shown,
            "a\\u{61c}\\u{ad}\\u{180e}\\u{34f}\\u{115f}\\u{3164}\\u{fe0f}\\u{e0041}\\u{a0}\\u{1b}b"
        );
        assert_eq!(
            Visible("Zoë & Søn \u{1f600} 株式会社").to_string(),
            "Zoë & Søn \u{1f600} 株式会社"
        );
        assert_eq!(format!("{:>9}|{:<4}|", Visible("\u{ad}"), Visible("é")), "   \\u{ad}|é   |");
    }
}
