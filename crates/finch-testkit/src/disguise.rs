//! Where a secret could stand: the writings of it, and all that an error shows.

use std::error::Error;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// The ways in which a text could stand in a file or in what was printed: as it is, in hex, as a list of
/// bytes, in base64 and in UTF-16. For a search that shall find it in any of them.
///
/// # Panics
/// Below nine bytes: so short a text is found anywhere.
pub fn disguises(secret: &str) -> Vec<Vec<u8>> {
    assert!(secret.len() >= 9, "too short to look for");
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{:?}", secret.as_bytes());
    let mut all = vec![
        secret.into(),
        hex.to_uppercase().into(),
        hex.into(),
        list.trim_matches(['[', ']']).into(),
    ];
    // In base64 a text has three forms, by where it begins; without what its neighbours decide.
    for before in 0..3 {
        let padded = format!("{}{secret}", "x".repeat(before));
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            all.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
        }
    }
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        all.push(secret.encode_utf16().flat_map(bytes).collect());
    }
    all.sort();
    all.dedup();
    all
}

/// Everything that an error shows, along its chain.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.map(|error| format!("{error}\n{error:?}\n{error:#?}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret~~~?>>>";

    fn is_found(written: &[u8]) -> bool {
        let forms = disguises(SECRET);
        forms.iter().any(|form| written.windows(form.len()).any(|part| part == form))
    }

    #[test]
    fn a_secret_is_found_in_every_writing() {
        for before in 0..4 {
            let text = format!("{}{SECRET} and more", "ü".repeat(before));
            let bytes = text.as_bytes();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for (what, written) in [
                ("text", bytes.to_vec()),
                ("hex", hex.to_lowercase().into()),
                ("HEX", hex.into()),
                ("list", format!("{bytes:?}").into()),
                ("base64", STANDARD_NO_PAD.encode(bytes).into()),
                ("base64 for URLs", URL_SAFE_NO_PAD.encode(bytes).into()),
                ("UTF-16", utf16),
            ] {
                assert!(is_found(&written), "{what}, after {before}");
            }
        }
        assert!(!is_found(b"nothing of the kind: a secre, t~~~?>>>"));
    }
}
