//! The form of a list, by its first line and its name: decided before any token is sent to Finch.

use std::path::Path;

use crate::{args::Format, fail::Failure};

/// The first bytes of files that are not UTF-8 text. UTF-32's mark begins with UTF-16's, and comes first.
const SIGNATURES: [(&[u8], &str); 8] = [
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a workbook (.xlsx, .ods) or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF-", "a PDF document"),
];

/// Checks that a list is UTF-8 text, as far as its first line shows.
///
/// # Errors
/// It is something else, which the message names.
pub(super) fn check_encoding(first: &[u8]) -> Result<(), Failure> {
    let found = SIGNATURES.iter().find(|(signature, _)| first.starts_with(signature));
    let form = match found {
        Some((_, form)) => *form,
        None if !first.contains(&0) => return Ok(()),
        None => without_mark(first),
    };
    let failure = Failure::usage(format!("the list of tokens is not UTF-8 text: it is {form}"));
    Err(match form.strip_prefix("UTF-") {
        Some(_) => failure.help(format!(
            "convert it: iconv -f {form} -t UTF-8; from Excel, save it as \"CSV UTF-8\""
        )),
        None => failure.help("save or extract the list as CSV in UTF-8 (Excel: \"CSV UTF-8\")"),
    })
}

/// Text with NULs and without a byte order mark: in ASCII, they are the other bytes of wide characters.
fn without_mark(first: &[u8]) -> &'static str {
    let nul = |at: usize| first.get(at) == Some(&0);
    match (nul(0), nul(1), nul(2), nul(3)) {
        (true, true, true, false) => "UTF-32BE",
        (false, true, true, true) => "UTF-32LE",
        (true, false, true, false) => "UTF-16BE",
        (false, true, false, true) => "UTF-16LE",
        _ => "binary data, with NUL bytes",
    }
}

/// The format: the one that was asked for; else that of the first line, or of the file's name.
///
/// # Errors
/// It is JSON, but not one object a line.
pub(super) fn format(asked: Option<Format>, path: &Path, first: &[u8]) -> Result<Format, Failure> {
    let extension = path.extension().and_then(|name| name.to_str()).map(str::to_ascii_lowercase);
    if asked == Some(Format::Csv) {
        return Ok(Format::Csv);
    }
    match first.trim_ascii() {
        b"{" => Err(Failure::usage("the tokens are in JSON objects of several lines each")
            .help("write one object a line, such as with `jq -c .`")),
        [b'{', ..] => Ok(Format::Jsonl),
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [] | [b'{' | b'[' | b']', ..]) => {
            Err(Failure::usage("the tokens are in a JSON array, which is read as a whole")
                .help("write one object a line, such as with `jq -c '.[]'`"))
        }
        _ if matches!(extension.as_deref(), Some("jsonl" | "ndjson")) => Ok(Format::Jsonl),
        _ => Ok(asked.unwrap_or(Format::Csv)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf8_is_named() {
        for (first, form) in [
            (&b"\xff\xfet\0o\0"[..], "UTF-16"),
            (b"\xfe\xff\0t\0o", "UTF-16"),
            (b"t\0o\0k\0", "UTF-16LE"),
            (b"\0t\0o\0k", "UTF-16BE"),
            (b"\xff\xfe\0\0t\0\0\0", "UTF-32"),
            (b"t\0\0\0o\0\0\0", "UTF-32LE"),
            (b"\0\0\0t\0\0\0o", "UTF-32BE"),
            (b"PK\x03\x04\x14\0", "workbook"),
            (b"token\0,customer", "NUL"),
        ] {
            let failure = check_encoding(first).expect_err("it is refused");
            assert!(failure.message.contains(form), "{failure:?}");
        }
        assert!(check_encoding("token,customer,Straße".as_bytes()).is_ok());
    }

    #[test]
    fn the_first_line_says_more_than_the_files_name() {
        let format = |asked, path: &str, first: &str| {
            super::format(asked, Path::new(path), first.as_bytes())
        };
        assert_eq!(format(None, "x.csv", "{\"token\":1}").ok(), Some(Format::Jsonl));
        assert_eq!(format(None, "x.jsonl", "not json").ok(), Some(Format::Jsonl));
        assert_eq!(format(None, "-", "token,customer").ok(), Some(Format::Csv));
        assert_eq!(format(None, "-", "[token],[customer]").ok(), Some(Format::Csv));
        assert_eq!(format(Some(Format::Csv), "x.jsonl", "{").ok(), Some(Format::Csv));
        for first in ["[", " [{\"token\":1}]", "[]", "{"] {
            assert!(format(None, "x.csv", first).is_err(), "{first}");
            assert!(format(Some(Format::Jsonl), "-", first).is_err(), "{first}");
        }
    }
}
