//! A map whose entries expire, in bounded memory.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// Values with deadlines. An expired entry is remembered for a day, so that a caller learns that it
/// expired. The oldest entries are forgotten when there are too many.
#[derive(Clone)]
pub(crate) struct Expiring<T> {
    entries: HashMap<String, Entry<T>>,
    by_age: BTreeMap<u64, String>,
    inserted: u64,
}

#[derive(Clone)]
struct Entry<T> {
    value: T,
    deadline: Duration,
    number: u64,
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
        self.inserted += 1;
        self.by_age.insert(self.inserted, key.clone());
        self.entries.insert(key, Entry { value, deadline, number: self.inserted });
        while self.entries.len() > Self::LIMIT || self.oldest_is_over(now) {
            let Some((_, oldest)) = self.by_age.pop_first() else {
                break;
            };
            self.entries.remove(&oldest);
        }
    }

    pub(crate) fn get(&self, key: &str, now: Duration) -> Lookup<'_, T> {
        match self.entries.get(key) {
            Some(entry) if now < entry.deadline => Lookup::Live(&entry.value),
            Some(_) => Lookup::Expired,
            None => Lookup::Unknown,
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let entry = self.entries.remove(key)?;
        self.by_age.remove(&entry.number);
        Some(entry.value)
    }

    pub(crate) fn count_live(&self, now: Duration) -> usize {
        self.entries.values().filter(|entry| now < entry.deadline).count()
    }

    fn oldest_is_over(&self, now: Duration) -> bool {
        let oldest = self.by_age.first_key_value().and_then(|(_, key)| self.entries.get(key));
        oldest.is_some_and(|entry| entry.deadline + Self::REMEMBERED <= now)
    }
}

impl<T> Default for Expiring<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), by_age: BTreeMap::new(), inserted: 0 }
    }
}
