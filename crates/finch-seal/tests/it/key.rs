//! Which texts are keys.

use finch_seal::{Kek, KeySource, ParseKeyError};
use proptest::prelude::*;

use crate::support::{cases, key};

const HEX: &str = "fbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbefbef";
const STANDARD: &str = "+++++++++++++++++++++++++++++++++++++++++++";

#[test]
fn one_key_has_many_spellings() {
    let expected = Kek::parse(HEX).unwrap().id();
    let digits = "++++".repeat(10) + "++8";
    let spellings = [
        HEX.to_uppercase(),
        digits.clone(),
        format!("{digits}="),
        digits.replace('+', "-"),
        format!("{}=", digits.replace('+', "-")),
    ];
    for spelling in spellings {
        for text in [
            spelling.clone(),
            format!("finch-kek-v1:{spelling}"),
            format!("{spelling}\n"),
            format!("  {spelling}\r\n\n"),
            format!("\t{spelling}\u{a0}"),
            format!("\u{feff}{spelling}"),
            format!("\u{feff} {spelling}\r\n"),
        ] {
            assert_eq!(Kek::parse(&text).unwrap().id(), expected, "{text:?}");
        }
    }
}

#[test]
fn a_text_that_is_no_key_is_refused_by_what_is_wrong() {
    let of_another_length = [
        "finch-kek-v1:".to_owned(),
        format!("finch-kek-v2:{HEX}"),
        format!("FINCH-KEK-V1:{HEX}"),
        HEX[1..].to_owned(),
        format!("{HEX}0"),
        // 16, 31 and 64 bytes.
        HEX[32..].to_owned(),
        "A".repeat(42),
        "A".repeat(86),
        format!("{}==", "A".repeat(43)),
        format!("{HEX}\u{feff}"),
    ];
    let quoted = [format!("\"{HEX}\""), format!("'{STANDARD}'\n"), format!("{HEX}\"")];
    let of_other_digits = [
        format!("0x{}", &HEX[2..]),
        HEX.replace('e', "g"),
        HEX.replace('e', "+"),
        // The last digit carries bits that 32 bytes don't have.
        STANDARD.to_owned(),
        STANDARD.replace('+', "-"),
        // Both alphabets at once.
        format!("{}-8", "+".repeat(41)),
        // 33 and 31 bytes.
        "A".repeat(44),
        format!("{}==", "A".repeat(42)),
        "é".repeat(32),
        "\0".repeat(64),
    ];
    let (left, right) = HEX.split_at(32);
    let gaps = [" ", "\n", "\r\n", "\t", "\u{a0}"];
    let broken = gaps.map(|gap| format!("{left}{gap}{right}"));
    let folded = [format!("{HEX}\n{HEX}\n"), format!("finch-kek-v1: {HEX}")];
    let all = of_another_length.into_iter().map(|text| {
        let length = text.chars().count();
        (text, ParseKeyError::Malformed { length })
    });
    let empty = ["", " ", "\r\n\t", "\u{feff}\r\n"].map(str::to_owned);
    let all = all
        .chain(empty.map(|text| (text, ParseKeyError::Empty)))
        .chain(quoted.map(|text| (text, ParseKeyError::Quoted)))
        .chain(of_other_digits.map(|text| (text, ParseKeyError::Digits)))
        .chain(broken.into_iter().chain(folded).map(|text| (text, ParseKeyError::Broken)));
    for (text, expected) in all {
        assert_eq!(Kek::parse(&text).unwrap_err(), expected, "{text:?}");
    }
}

#[test]
fn each_message_says_what_is_wrong_and_what_to_do() {
    for (error, what, step) in [
        (ParseKeyError::Empty, "is empty", "`finch keys init`"),
        (ParseKeyError::Broken, "line break", "in one piece"),
        (ParseKeyError::Quoted, "quotation marks", "without the quotation marks"),
        (ParseKeyError::Digits, "as long as a key", "`finch keys init`"),
        (ParseKeyError::NotText, "not UTF-8", "`finch keys init`"),
        (ParseKeyError::Malformed { length: 9 }, "9 characters", "`finch keys init`"),
    ] {
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.next_step().contains(step), "{error}");
    }
}

#[test]
fn keys_have_names_of_their_own() {
    let names: std::collections::HashSet<_> =
        (0..100).map(|byte| Kek::from_bytes(key(byte)).id()).collect();
    assert_eq!(names.len(), 100);
    assert_ne!(Kek::generate().unwrap().id(), Kek::generate().unwrap().id());
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_text_makes_it_panic_or_speak(text in prop_oneof![any::<String>(), "[-+/_=0-9a-zA-Z]{43,64}"]) {
        if let Err(error) = Kek::parse(&text) {
            prop_assert!(text.chars().count() < 8 || !error.to_string().contains(&text));
        }
    }
}
