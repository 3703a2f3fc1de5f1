//! A map whose entries expire, in bounded memory.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// The last 20,000 values, with deadlines. An expired entry is remembered for a day, so that a caller
/// learns that it expired.
#[derive(Clone)]
pub(crate) struct Expiring<T> {
    entries: HashMap<String, (T, Duration)>,
    /// Keys, oldest first, with those that have been removed.
    order: VecDeque<String>,
}

pub(crate) enum Lookup<'a, T> {
    Live(&'a T),
    Expired,
    Unknown,
}

impl<T> Expiring<T> {
    const LIMIT: usize = 20_000;
    const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

    pub(crate) fn insert(&mut self, key: String, value: T, now: Duration, deadline: Duration) {
        self.order.push_back(key.clone());
        self.entries.insert(key, (value, deadline));
        while let Some(oldest) = self.order.front()
            && (self.order.len() > Self::LIMIT || self.is_over(oldest, now))
        {
            self.entries.remove(oldest);
            self.order.pop_front();
        }
    }

    pub(crate) fn get(&self, key: &str, now: Duration) -> Lookup<'_, T> {
        match self.entries.get(key) {
            Some((value, deadline)) if now < *deadline => Lookup::Live(value),
            Some(_) => Lookup::Expired,
            None => Lookup::Unknown,
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.entries.get_mut(key).map(|(value, _)| value)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        self.entries.remove(key).map(|(value, _)| value)
    }

    pub(crate) fn count_live(&self, now: Duration) -> usize {
        self.entries.values().filter(|(_, deadline)| now < *deadline).count()
    }

    fn is_over(&self, key: &str, now: Duration) -> bool {
        let entry = self.entries.get(key);
        entry.is_none_or(|(_, deadline)| *deadline + Self::REMEMBERED <= now)
    }
}

impl<T> Default for Expiring<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}
