//! AstDB: values by family and key, in memory, with the file behind them.
//!
//! An entry is kept under `/family/key`, where both may hold more slashes. Upper and lower case
//! differ. Reading and writing take a lock for one step and never wait for the file; what changed
//! is remembered by its key, and the writer looks the value up when it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::file::{self, QueryError, Row};
use crate::writer::{self, Order};

/// Bytes of `/family/key`: what a file of Asterisk can hold.
pub const MAX_KEY_BYTES: usize = 255;

/// Bytes of one value: what a variable of the dialplan holds.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Bytes of all keys and values: a dialplan that writes in a circle is refused before it has the
/// machine's memory. A million entries of an ordinary size are 100 MB.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Changed keys that may wait for the file: 16 MB of the longest keys. With more, the writer
/// compares the whole file with memory instead, so that nothing is lost.
pub const MAX_WAITING: usize = 65_536;

/// Orders to the writer that may wait; whoever gives one more waits for room.
const ORDERS: usize = 8;

/// An entry as it is listed: `/family/key` and its value.
pub type Entry = (String, String);

/// Why an entry is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Family or key is empty, or has a byte 0.
    Name,
    /// `/family/key` is longer than [`MAX_KEY_BYTES`].
    LongKey,
    /// The value is longer than [`MAX_VALUE_BYTES`].
    LongValue,
    /// There are [`MAX_BYTES`] already.
    Full,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("family and key must not be empty nor hold a byte 0"),
            Self::LongKey => write!(f, "family and key have at most {MAX_KEY_BYTES} bytes"),
            Self::LongValue => write!(f, "a value has at most {MAX_VALUE_BYTES} bytes"),
            Self::Full => write!(f, "the database is full: it holds {MAX_BYTES} bytes"),
        }
    }
}

impl std::error::Error for Refused {}

/// A handle to the entries; all clones are one database.
#[derive(Clone)]
pub struct AstDb {
    inner: Arc<Inner>,
}

impl fmt::Debug for AstDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AstDb").field("entries", &self.count()).finish_non_exhaustive()
    }
}

struct Inner {
    shared: Arc<Shared>,
    /// The file to ask; why there is none otherwise.
    place: Result<PathBuf, String>,
    orders: mpsc::Sender<Order>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the handles and the writer share.
#[derive(Default)]
pub(crate) struct Shared {
    state: RwLock<State>,
    pub(crate) changed: Notify,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<String, String>,
    bytes: usize,
    /// Nobody reads the changes of a database without a file.
    has_file: bool,
    waiting: Changes,
}

/// What the file does not say yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The keys whose entry is another one now, or gone.
    pub keys: BTreeSet<String>,
    /// Too many to list: everything is to be compared.
    pub everything: bool,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.everything
    }

    fn add(&mut self, key: &str) {
        if self.everything || self.keys.contains(key) {
            return;
        }
        if self.keys.len() >= MAX_WAITING {
            self.compare_everything();
        } else {
            self.keys.insert(key.to_owned());
        }
    }

    pub(crate) fn compare_everything(&mut self) {
        self.keys.clear();
        self.everything = true;
    }
}

impl State {
    fn put(&mut self, key: String, value: String) -> Result<(), Refused> {
        let before = self.entries.get(&key).map_or(0, |old| key.len() + old.len());
        let bytes = self.bytes - before + key.len() + value.len();
        if bytes > MAX_BYTES {
            return Err(Refused::Full);
        }
        self.bytes = bytes;
        self.note(&key);
        self.entries.insert(key, value);
        Ok(())
    }

    fn delete(&mut self, key: &str) -> Option<String> {
        let value = self.entries.remove(key)?;
        self.bytes -= key.len() + value.len();
        self.note(key);
        Some(value)
    }

    fn note(&mut self, key: &str) {
        if self.has_file {
            self.waiting.add(key);
        }
    }

    /// The entry of this name and all below it, in the order of their keys.
    fn below<'s>(&'s self, name: &str) -> impl Iterator<Item = (&'s String, &'s String)> + use<'s> {
        let branch = format!("{name}/");
        let itself = self.entries.get_key_value(name);
        let inside = self.entries.range(branch.clone()..);
        itself.into_iter().chain(inside.take_while(move |(key, _)| key.starts_with(&branch)))
    }
}

impl Shared {
    /// Takes what the file does not say yet.
    pub(crate) fn take_changes(&self) -> Changes {
        std::mem::take(&mut self.state.write().waiting)
    }

    /// Gives back what could not be written.
    pub(crate) fn give_back(&self, changes: &Changes) {
        let waiting = &mut self.state.write().waiting;
        if changes.everything {
            waiting.compare_everything();
        }
        for key in &changes.keys {
            waiting.add(key);
        }
    }

    /// How many changes wait; `None` for everything.
    pub(crate) fn waiting(&self) -> Option<usize> {
        let state = self.state.read();
        (!state.waiting.everything).then_some(state.waiting.keys.len())
    }

    /// What these keys hold now, in their order.
    pub(crate) fn values(&self, keys: &[String]) -> Vec<Option<String>> {
        let state = self.state.read();
        keys.iter().map(|key| state.entries.get(key).cloned()).collect()
    }

    /// Whether there is an entry of this key.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.state.read().entries.contains_key(key)
    }

    /// Some of the keys after this one.
    pub(crate) fn keys_after(&self, last: &str, most: usize) -> Vec<String> {
        use std::ops::Bound::{Excluded, Unbounded};
        let state = self.state.read();
        let keys = state.entries.range::<str, _>((Excluded(last), Unbounded));
        keys.take(most).map(|(key, _)| key.clone()).collect()
    }
}

/// `/family/key`, if an entry can have that name.
fn full_key(family: &str, key: &str) -> Result<String, Refused> {
    if family.is_empty() || key.is_empty() || [family, key].iter().any(|part| part.contains('\0')) {
        return Err(Refused::Name);
    }
    let full = format!("/{family}/{key}");
    if full.len() > MAX_KEY_BYTES { Err(Refused::LongKey) } else { Ok(full) }
}

/// The name of what is at `/family[/tree]`, without slashes at its ends; empty for everything.
fn branch(family: &str, tree: &str) -> String {
    let parts = [family, tree].map(|part| part.trim_matches('/'));
    parts.iter().filter(|part| !part.is_empty()).map(|part| format!("/{part}")).collect()
}

impl AstDb {
    /// A database without a file: for simulations and tests.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::without_file(BTreeMap::new(), "it is kept in memory only".to_owned())
    }

    fn without_file(entries: BTreeMap<String, String>, why: String) -> Self {
        let shared = Shared::of(entries, false);
        let (orders, _) = mpsc::channel(1);
        let place = Err(why);
        Self { inner: Arc::new(Inner { shared, place, orders, writer: Mutex::new(None) }) }
    }

    /// Reads the entries of a file, if there is one, and keeps it up to date from now on; it is
    /// made with the first entry. A file that cannot be read is left alone, and the entries are
    /// kept in memory only: the log says so once.
    pub async fn open(path: &Path) -> Self {
        let entries = match file::read(path).await {
            Ok(entries) => entries,
            Err(error) => {
                let why = format!("{}: {error}", path.display());
                tracing::error!(
                    "{why}. The file is left as it is, and what DB() keeps is lost at the next \
                     stop: mend the file, move it away, or change astdbdir of asterisk.conf, then \
                     start again"
                );
                return Self::without_file(BTreeMap::new(), why);
            }
        };
        let shared = Shared::of(entries, true);
        let (orders, orders_of_writer) = mpsc::channel(ORDERS);
        let task = writer::run(Arc::clone(&shared), path.to_owned(), orders_of_writer);
        let writer = Mutex::new(Some(tokio::spawn(task)));
        Self { inner: Arc::new(Inner { shared, place: Ok(path.to_owned()), orders, writer }) }
    }

    /// The value of an entry.
    #[must_use]
    pub fn get(&self, family: &str, key: &str) -> Option<String> {
        let key = full_key(family, key).ok()?;
        self.inner.shared.state.read().entries.get(&key).cloned()
    }

    /// Keeps an entry, in place of one that has the same name.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn put(&self, family: &str, key: &str, value: &str) -> Result<(), Refused> {
        let key = full_key(family, key)?;
        if value.len() > MAX_VALUE_BYTES {
            return Err(Refused::LongValue);
        }
        self.inner.shared.state.write().put(key, value.to_owned())?;
        self.inner.shared.changed.notify_one();
        Ok(())
    }

    /// Removes an entry; its value, if there was one.
    pub fn delete(&self, family: &str, key: &str) -> Option<String> {
        let key = full_key(family, key).ok()?;
        let value = self.inner.shared.state.write().delete(&key);
        self.inner.shared.changed.notify_one();
        value
    }

    /// Removes the entry `/family/tree` and all below it, or all of a family when the tree is
    /// empty, or everything when the family is empty too; how many there were.
    pub fn delete_tree(&self, family: &str, tree: &str) -> usize {
        let name = branch(family, tree);
        let mut state = self.inner.shared.state.write();
        let keys: Vec<String> = state.below(&name).map(|(key, _)| key.clone()).collect();
        for key in &keys {
            state.delete(key);
        }
        drop(state);
        self.inner.shared.changed.notify_one();
        keys.len()
    }

    /// The entry `/family/tree` and all below it, sorted by key. An empty tree means all of the
    /// family, an empty family everything.
    #[must_use]
    pub fn tree(&self, family: &str, tree: &str) -> Vec<Entry> {
        let state = self.inner.shared.state.read();
        let found = state.below(&branch(family, tree));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The entries of this key in any family, sorted.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Vec<Entry> {
        let ending = format!("/{key}");
        let state = self.inner.shared.state.read();
        let found = state.entries.iter().filter(|(full, _)| full.ends_with(&ending));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The names directly below a prefix such as `family` or `family/tree`, sorted; the families
    /// without one.
    #[must_use]
    pub fn names_below(&self, prefix: &str) -> Vec<String> {
        let name = format!("{}/", branch(prefix, ""));
        let state = self.inner.shared.state.read();
        let inside = state.entries.range(name.clone()..).map_while(|(key, _)| {
            key.strip_prefix(&name).map(|rest| rest.split('/').next().unwrap_or_default())
        });
        let names: BTreeSet<&str> = inside.filter(|name| !name.is_empty()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.shared.state.read().entries.len()
    }

    /// Runs a statement that reads the file, after everything that changed so far was written.
    ///
    /// # Errors
    /// [`QueryError`]
    pub async fn query(&self, statement: &str) -> Result<Vec<Row>, QueryError> {
        let path = self.inner.place.as_ref().map_err(|why| QueryError::NoFile(why.clone()))?;
        self.flush().await;
        file::query(path, statement).await
    }

    /// Waits until what changed so far was written, or until writing it failed.
    pub async fn flush(&self) {
        self.order(Order::Flush).await;
    }

    /// Writes what is left and ends the writer. What changes after this is not kept.
    pub async fn close(&self) {
        self.order(Order::Close).await;
        let writer = self.inner.writer.lock().take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!("the writer of AstDB died, what changed since is lost: {error}");
        }
    }

    async fn order(&self, order: fn(oneshot::Sender<()>) -> Order) {
        let (done, wait) = oneshot::channel();
        if self.inner.orders.send(order(done)).await.is_ok() {
            // An error means that the writer has ended, and with it everything to wait for.
            let _ = wait.await;
        }
    }
}

impl Shared {
    fn of(entries: BTreeMap<String, String>, has_file: bool) -> Arc<Self> {
        let bytes = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        let state = State { entries, bytes, has_file, waiting: Changes::default() };
        Arc::new(Self { state: RwLock::new(state), changed: Notify::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(entries: &[(&str, &str, &str)]) -> AstDb {
        let database = AstDb::in_memory();
        for (family, key, value) in entries {
            database.put(family, key, value).expect("it is kept");
        }
        database
    }

    fn keys(entries: Vec<Entry>) -> Vec<String> {
        entries.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn an_entry_is_read_replaced_and_removed() {
        let database = filled(&[("cidname", "4711", "Ada"), ("cidname", "4711", "Ada L")]);
        assert_eq!(database.get("cidname", "4711").as_deref(), Some("Ada L"));
        assert_eq!(database.get("CIDNAME", "4711"), None, "case counts");
        assert_eq!(database.delete("cidname", "4711").as_deref(), Some("Ada L"));
        assert_eq!((database.delete("cidname", "4711"), database.count()), (None, 0));
    }

    #[test]
    fn a_tree_is_what_stands_below_a_name_and_not_what_begins_alike() {
        let database = filled(&[
            ("a", "b", "itself"),
            ("a", "b-c", "beside it"),
            ("a", "b/c", "below"),
            ("a", "bc", "another"),
            ("ab", "c", "another family"),
        ]);
        assert_eq!(keys(database.tree("a", "b")), ["/a/b", "/a/b/c"]);
        assert_eq!(keys(database.tree("a", "")), ["/a/b", "/a/b-c", "/a/b/c", "/a/bc"]);
        assert_eq!(keys(database.tree("/a/", "/b/")), ["/a/b", "/a/b/c"]);
        assert_eq!(keys(database.tree("", "")).len(), 5);
        assert_eq!(keys(database.with_key("c")), ["/a/b/c", "/ab/c"]);
        assert_eq!(database.names_below(""), ["a", "ab"]);
        assert_eq!(database.names_below("/a"), ["b", "b-c", "bc"]);
        assert_eq!(database.names_below("a/b"), ["c"]);
        assert_eq!(database.names_below("nothing"), Vec::<String>::new());
        assert_eq!(database.delete_tree("a", "b"), 2);
        assert_eq!((database.delete_tree("a", "b"), database.count()), (0, 3));
    }

    #[test]
    fn what_a_file_could_not_hold_is_refused_and_nothing_changes() {
        let database = filled(&[("f", "k", "v")]);
        let long = "x".repeat(MAX_KEY_BYTES);
        let value = "x".repeat(MAX_VALUE_BYTES + 1);
        assert_eq!(database.put("", "k", "v"), Err(Refused::Name));
        assert_eq!(database.put("f", "", "v"), Err(Refused::Name));
        assert_eq!(database.put("f", "k\0", "v"), Err(Refused::Name));
        assert_eq!(database.put("f", &long, "v"), Err(Refused::LongKey));
        assert_eq!(database.put("f", &long[..MAX_KEY_BYTES - 3], "v"), Ok(()));
        assert_eq!(database.put("f", "k", &value), Err(Refused::LongValue));
        assert_eq!(database.get("f", "k").as_deref(), Some("v"));
    }

    #[test]
    fn a_dialplan_that_writes_in_a_circle_does_not_take_all_memory() {
        let database = AstDb::in_memory();
        let value = "x".repeat(MAX_VALUE_BYTES);
        let put = |number: usize| database.put("f", &format!("{number:08}"), &value);
        let fit = MAX_BYTES / (MAX_VALUE_BYTES + 11);
        database.inner.shared.state.write().bytes = (fit - 1) * (MAX_VALUE_BYTES + 11);
        assert_eq!(put(1), Ok(()));
        assert_eq!(put(2), Err(Refused::Full));
        assert_eq!(put(1), Ok(()), "an entry may take the room of its own");
        database.delete("f", "00000001");
        assert_eq!(put(2), Ok(()), "room comes back");
    }

    #[test]
    fn changes_beyond_the_list_become_a_comparison_of_everything() {
        let mut changes = Changes::default();
        for number in 0..MAX_WAITING {
            changes.add(&number.to_string());
        }
        changes.add("0");
        assert!(!changes.everything && changes.keys.len() == MAX_WAITING);
        changes.add("one more");
        assert!(changes.everything && changes.keys.is_empty());
    }
}
