//! Randomness that a seed repeats.

/// A small generator (SplitMix64): fast, and the same on every machine. Not for secrets.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The generator of this seed. Equal seeds give equal choices.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n.max(1) as u64) as usize
    }

    /// True `percent` times in a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent as usize
    }

    /// True once in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these; `None` where there are none.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())].clone())
    }

    /// One of these, by weight; `None` where all weigh nothing.
    pub fn weighted<T: Copy>(&mut self, of: &[(u32, T)]) -> Option<T> {
        let mut at = self.below(of.iter().map(|(weight, _)| *weight as usize).sum());
        for (weight, what) in of {
            match at.checked_sub(*weight as usize) {
                Some(rest) => at = rest,
                None => return Some(*what),
            }
        }
        None
    }

    /// Puts these in any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the reference implementation for the seed 1234567.
    #[test]
    fn numbers_are_those_of_splitmix64() {
        let mut chance = Chance::new(1_234_567);
        let numbers = [(); 3].map(|()| chance.next_u64());
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        let mut chance = Chance::new(1);
        assert_eq!(chance.pick::<u8>(&[]), None);
        assert_eq!(chance.weighted::<u8>(&[]), None);
        assert_eq!(chance.weighted(&[(0, 1), (3, 2), (0, 3)]), Some(2));
    }
}
