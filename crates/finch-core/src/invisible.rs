//! Characters that are not visible, or that change how their neighbours are shown: two texts that differ in
//! them look alike, and some of them reorder a line.

use std::fmt::{self, Write as _};

/// Letters, marks and symbols that are drawn as a blank, or not at all.
const BLANK: &str = "\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180c}\u{180d}\u{180f}\u{2800}\u{3164}\
    \u{ffa0}\u{fffc}\u{13441}\u{13442}\u{16fe4}\u{1d159}";

/// Whether a character is not visible, or changes how its neighbours are shown: controls, white space other
/// than U+0020, bidirectional and other format characters, fillers, variation selectors, tags, private use, and
/// what the standard library's Unicode does not know.
pub fn is_invisible(c: char) -> bool {
    let is_selector = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    // At the beginning of a text, combining characters would be escaped too.
    let is_escaped = || {
        let text = format!("x{c}");
        !text.escape_debug().eq(text.chars())
    };
    !matches!(c, ' '..='~') && (is_selector || BLANK.contains(c) || is_escaped())
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

    /// Whether a character is in a set of Unicode's.
    fn set(pattern: &str) -> impl Fn(char) -> bool {
        let hir = regex_syntax::parse(pattern).unwrap().into_kind();
        let HirKind::Class(Class::Unicode(set)) = hir else { panic!("a set of characters") };
        move |c| {
            let at = set.ranges().partition_point(|range| range.end() < c);
            set.ranges().get(at).is_some_and(|range| range.start() <= c)
        }
    }

    #[test]
    fn it_is_what_unicode_says_of_every_code_point() {
        // The last are drawn as a blank, or stand for what is not there.
        let hidden = set(
            r"[[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Zs}\x{2800}\x{fffc}\x{13441}\x{13442}\x{16fe4}\x{1d159}]--\x20]",
        );
        // Of these the standard library may know more.
        let unassigned = set(r"\p{Cn}");
        for c in ('\0'..=char::MAX).filter(|c| hidden(*c) || !unassigned(*c)) {
            assert_eq!(is_invisible(c), hidden(c), "{}", c.escape_unicode());
        }
    }

    #[test]
    fn what_is_not_visible_is_written_out() {
        let text = "a\u{61c}\u{180e}\u{3164}\u{fe0f}\u{e0041}\u{a0}\u{1b}b";
        let shown = r"a\u{61c}\u{180e}\u{3164}\u{fe0f}\u{e0041}\u{a0}\u{1b}b";
        assert_eq!(Visible(text).to_string(), shown);
        let visible = "Zoë & Søn \u{1f600} 株式会社";
        assert_eq!(Visible(visible).to_string(), visible);
        assert_eq!(format!("{:>9}|{:<4}|", Visible("\u{ad}"), Visible("é")), "   \\u{ad}|é   |");
    }
}
