//! A small mutator, for a compiler without a fuzzer.

use std::collections::BTreeSet;

use finch_testkit::Chance;

/// Numbers at which things break.
const NUMBERS: &str =
    "0 1 -1 16 64 100 255 256 4096 65535 65536 2147483648 18446744073709551615 1e999";

/// Bytes at which parsers break.
const BYTES: &[u8] = b"\0\n\r\t\"\\{}[],:=@%/~ \x7f\xff\xc3\xed";

/// The words of a corpus: what stands between its spaces, quotes and bars.
pub fn words<'a>(corpus: impl IntoIterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let parts = corpus.into_iter().flat_map(|data| data.split(|byte| b" \n\"|".contains(byte)));
    let short = parts.filter(|part| (1..64).contains(&part.len()));
    short.collect::<BTreeSet<_>>().into_iter().collect()
}

/// `data` with a few changes; `other` may lend a part, `words` may come in.
pub fn mutated(chance: &mut Chance, data: &[u8], other: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..=chance.below(4) {
        change(chance, &mut data, other, words);
    }
    data
}

/// A part of `data`: where it begins and ends. Mostly a short one.
fn part(chance: &mut Chance, data: &[u8]) -> (usize, usize) {
    let begin = chance.below(data.len() + 1);
    let longest = if chance.one_in(4) { data.len() } else { 16 };
    (begin, (begin + chance.below(longest + 1)).min(data.len()))
}

fn change(chance: &mut Chance, data: &mut Vec<u8>, other: &[u8], words: &[&[u8]]) {
    let at = chance.below(data.len() + 1);
    match chance.below(10) {
        0 => data.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << chance.below(8)),
        1 => data.get_mut(at).into_iter().for_each(|byte| *byte = BYTES[chance.below(BYTES.len())]),
        2 => {
            let (begin, end) = part(chance, data);
            data.drain(begin..end);
        }
        3 => {
            let (begin, end) = part(chance, data);
            let copy = data[begin..end].to_vec();
            data.splice(at..at, copy);
        }
        4 => data.truncate(at),
        5 | 6 => {
            let word = chance.pick(words).unwrap_or_default();
            data.splice(at..at, word.iter().copied());
        }
        7 => {
            let numbers: Vec<_> = NUMBERS.split(' ').collect();
            let number = chance.pick(&numbers).unwrap_or_default();
            let end = data[at..].iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
            data.splice(at..at + end, number.bytes());
        }
        8 => {
            let (begin, end) = part(chance, other);
            let (from, to) = part(chance, data);
            data.splice(from..to, other[begin..end].iter().copied());
        }
        _ => {
            data.truncate(at);
            data.extend_from_slice(&other[chance.below(other.len() + 1)..]);
        }
    }
}
