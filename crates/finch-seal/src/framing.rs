//! One way to turn several fields into the bytes that a key authenticates.

/// Passes on the fields one after another, each behind its length (8 bytes, big-endian): two
/// different lists of fields never give the same bytes.
pub(crate) fn frame<'a>(fields: impl IntoIterator<Item = &'a [u8]>, mut pass: impl FnMut(&[u8])) {
    for field in fields {
        pass(&(field.len() as u64).to_be_bytes());
        pass(field);
    }
}

/// The framed fields in one buffer.
pub(crate) fn framed(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| 8 + field.len()).sum());
    frame(fields.iter().copied(), |part| bytes.extend_from_slice(part));
    bytes
}
