//! A small mutator, for a compiler without a fuzzer: seeded, so that a run can be had again.

use finch_testkit::Chance;

/// Makes new inputs of old ones.
#[derive(Clone, Debug)]
pub struct Mutator {
    chance: Chance,
}

/// Numbers at which things break.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "16",
    "64",
    "100",
    "255",
    "256",
    "4096",
    "65535",
    "65536",
    "2147483648",
    "18446744073709551615",
    "1e999",
];

impl Mutator {
    /// The same seed makes the same inputs.
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed) }
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.chance.below(limit)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }

    /// A part of `data`: where it begins and ends. Mostly a short one.
    fn part(&mut self, data: &[u8]) -> (usize, usize) {
        let begin = self.below(data.len() + 1);
        let longest = if self.below(4) == 0 { data.len() } else { 16 };
        (begin, (begin + self.below(longest.max(1) + 1)).min(data.len()))
    }

    /// `data` with a few changes; `other` may lend a part, `words` may come in.
    pub fn mutated(&mut self, data: &[u8], other: &[u8], words: &[&str]) -> Vec<u8> {
        let mut data = data.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut data, other, words);
        }
        data
    }

    fn change(&mut self, data: &mut Vec<u8>, other: &[u8], words: &[&str]) {
        let at = self.below(data.len() + 1);
        match self.below(10) {
            0 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte = b"\0\n\r\t\"\\{}[],:=@%/~ \x7f\xff\xc3\xed"[self.below(22)];
                }
            }
            2 => {
                let (begin, end) = self.part(data);
                data.drain(begin..end);
            }
            3 => {
                let (begin, end) = self.part(data);
                let copy = data[begin..end].to_vec();
                data.splice(at..at, copy);
            }
            4 => data.truncate(at),
            5 | 6 => {
                let word = self.pick(words).unwrap_or_default().as_bytes().to_vec();
                data.splice(at..at, word);
            }
            7 => {
                let number = self.pick(&NUMBERS).unwrap_or_default().as_bytes().to_vec();
                let end = data[at..].iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
                data.splice(at..at + end, number);
            }
            8 => {
                let (begin, end) = self.part(other);
                let (from, to) = self.part(data);
                data.splice(from..to, other[begin..end].iter().copied());
            }
            _ => {
                data.truncate(at);
                let from = self.below(other.len() + 1);
                data.extend_from_slice(&other[from..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let many = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..200).map(|_| mutator.mutated(b"{\"a\": 12}", b"[x]", &["word"])).collect::<Vec<_>>()
        };
        assert_eq!(many(7), many(7));
        assert_ne!(many(7), many(8));
        assert!(many(7).iter().any(|made| made != b"{\"a\": 12}"));
    }
}
