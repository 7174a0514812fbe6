//! The hashes of a channel, for HASH, HASHKEYS and ClearHash.

use std::collections::HashMap;

/// Keys in all hashes of one channel: a price list fits, a runaway loop ends.
pub const MAX_HASH_KEYS: usize = 10_000;

/// Bytes in keys and values of all hashes of one channel.
pub const MAX_HASH_BYTES: usize = 4 * 1024 * 1024;

/// Named tables of text; keys stay in the order of their first assignment.
#[derive(Clone, Debug, Default)]
pub struct Hashes {
    tables: HashMap<String, Table>,
    keys: usize,
    bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Table {
    order: Vec<String>,
    values: HashMap<String, String>,
}

/// The channel's hashes are full: [`MAX_HASH_KEYS`] or [`MAX_HASH_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashesFull;

impl Hashes {
    /// The value at a key.
    #[must_use]
    pub fn value(&self, name: &str, key: &str) -> Option<&str> {
        self.tables.get(name)?.values.get(key).map(String::as_str)
    }

    /// The keys of one hash; none if there is no such hash.
    #[must_use]
    pub fn keys(&self, name: &str) -> &[String] {
        self.tables.get(name).map_or(&[], |table| &table.order)
    }

    /// Sets the value at a key.
    ///
    /// # Errors
    /// A bound is reached; nothing is changed.
    pub fn set(&mut self, name: &str, key: &str, value: &str) -> Result<(), HashesFull> {
        let before = self.value(name, key).map(str::len);
        let added = value.len() + if before.is_none() { key.len() } else { 0 };
        let bytes = self.bytes - before.unwrap_or(0) + added;
        let keys = self.keys + usize::from(before.is_none());
        if keys > MAX_HASH_KEYS || bytes > MAX_HASH_BYTES {
            return Err(HashesFull);
        }
        (self.keys, self.bytes) = (keys, bytes);
        let table = self.tables.entry(name.to_owned()).or_default();
        if before.is_none() {
            table.order.push(key.to_owned());
        }
        table.values.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Forgets one hash.
    pub fn clear(&mut self, name: &str) {
        let Some(table) = self.tables.remove(name) else {
            return;
        };
        self.keys -= table.order.len();
        let bytes = table.values.iter().map(|(key, value)| key.len() + value.len());
        self.bytes -= bytes.sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_and_clearing_gives_room() {
        let mut hashes = Hashes::default();
        for key in 0..MAX_HASH_KEYS {
            assert_eq!(hashes.set("a", &key.to_string(), "x"), Ok(()));
        }
        assert_eq!(hashes.set("b", "1", "x"), Err(HashesFull));
        assert_eq!(hashes.set("a", "1", "yy"), Ok(()));
        hashes.clear("a");
        assert_eq!((hashes.keys, hashes.bytes), (0, 0));
        assert_eq!(hashes.set("b", "1", &"x".repeat(MAX_HASH_BYTES)), Err(HashesFull));
    }
}
