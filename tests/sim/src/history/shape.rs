//! How a history is: how many take part, and how much goes wrong.

use finch_testkit::Chance;

#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) hosts: usize,
    pub(crate) customers: usize,
    pub(crate) pairs: usize,
    pub(crate) credentials: usize,
    /// How many calls of use cases.
    pub(crate) ops: usize,
    /// How many of them at once.
    pub(crate) parallel: usize,
    /// How often a call to Finch fails, in a hundred.
    pub(crate) finch_faults: u32,
    /// How often a call to the store fails, in a hundred.
    pub(crate) store_faults: u32,
    /// How often a host crashes, in a thousand steps.
    pub(crate) crashes: u32,
    /// How often the same task goes on, in a hundred.
    pub(crate) sticky: u32,
    /// How many tasks are overtaken by others, in a hundred.
    pub(crate) slow: u32,
    /// How often Finch tells something odd about a token, in a hundred.
    pub(crate) odd: u32,
    pub(crate) clocks: bool,
    pub(crate) memory: bool,
    /// Finch's disconnect reaches the pair.
    pub(crate) pair: bool,
}

impl Shape {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let memory = !chance.percent(25);
        let pair = chance.percent(50);
        let mut some = |of: &[(u32, u32)]| chance.weighted(of).unwrap_or_default();
        Self {
            hosts: some(&[(2, 1), (3, 2), (1, 3)]) as usize,
            customers: some(&[(3, 1), (3, 2), (1, 3)]) as usize,
            pairs: some(&[(5, 1), (2, 2), (1, 3)]) as usize,
            credentials: some(&[(1, 1), (1, 2)]) as usize,
            ops: some(&[(1, 4), (2, 6), (2, 9), (2, 12), (1, 16)]) as usize,
            parallel: some(&[(1, 1), (2, 2), (2, 3), (1, 4)]) as usize,
            finch_faults: some(&[(3, 0), (3, 10), (2, 30), (1, 60)]),
            store_faults: some(&[(6, 0), (2, 3), (1, 12)]),
            crashes: some(&[(4, 0), (3, 12), (1, 40)]),
            sticky: some(&[(2, 0), (2, 60), (3, 88), (2, 97)]),
            slow: some(&[(2, 0), (2, 20), (2, 45)]),
            odd: some(&[(4, 0), (2, 15), (1, 50)]),
            clocks: some(&[(5, 0), (1, 1)]) == 1,
            memory,
            pair,
        }
    }
}
