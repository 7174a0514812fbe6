//! The file of AstDB: an SQLite database of one table, the same that Asterisk writes, so that a
//! file moves from one to the other.
//!
//! Each piece of work opens the file anew: a file that was put in its place or removed meanwhile
//! is seen, and an idle exchange holds nothing open.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Row as _};

use crate::astdb::{Changes, Shared};

/// Rows that a query shows at most; an operator reads no more, and the answer is built in memory.
pub const MAX_ROWS: usize = 1_000;

/// How long a query may work. Beyond it a statement without an end would keep a thread.
const LONGEST_QUERY: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two looks at the clock: well under a millisecond.
const STEPS: i32 = 10_000;

/// How long another program may keep the file locked.
const BUSY: Duration = Duration::from_secs(5);

/// Entries that are taken out of memory at once while the file is written.
const PORTION: usize = 256;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS \
    astdb(key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key))";
const REPLACE: &str = "INSERT OR REPLACE INTO astdb (key, value) VALUES (?, ?)";
const DELETE: &str = "DELETE FROM astdb WHERE key = ?";
// Bytes, since whatever wrote the file may have put something else than text there.
const READ: &str = "SELECT CAST(key AS BLOB), CAST(value AS BLOB) FROM astdb";
const KEYS: &str = "SELECT CAST(key AS BLOB), NULL FROM astdb";
const TABLES: &str = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'astdb'";

/// A row of a query: names and values of its columns.
pub type Row = Vec<(String, String)>;

/// Why a query gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// Nothing is kept in a file: why.
    NoFile(String),
    /// It is no statement that reads.
    NotReading,
    /// What SQLite says.
    Failed(String),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(why) => write!(f, "there is no file to ask: {why}"),
            Self::NotReading => f.write_str("only SELECT, WITH and VALUES are run"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for QueryError {}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
    options.disable_statement_logging()
}

/// All entries of a file; none when it is not there.
pub(crate) async fn read(path: &Path) -> Result<BTreeMap<String, String>, String> {
    match tokio::fs::metadata(path).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.to_string()),
        Ok(_) => {}
    }
    let mut connection = options(path).connect().await.map_err(words)?;
    let entries = read_all(&mut connection, path).await.map_err(words);
    // Only the connection's thread is left to end.
    let _ = connection.close().await;
    entries
}

async fn read_all(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    if !has_table(connection).await? {
        return Ok(BTreeMap::new());
    }
    let mut entries = BTreeMap::new();
    let mut strange = 0;
    for (key, value) in sqlx::query_as::<_, Bytes>(READ).fetch_all(connection).await? {
        match (key.map(String::from_utf8), String::from_utf8(value.unwrap_or_default())) {
            (Some(Ok(key)), Ok(value)) => {
                entries.insert(key, value);
            }
            _ => strange += 1,
        }
    }
    if strange > 0 {
        tracing::warn!(
            "{}: {strange} entries are no text in UTF-8: they stay in the file and are not seen",
            path.display()
        );
    }
    Ok(entries)
}

type Bytes = (Option<Vec<u8>>, Option<Vec<u8>>);

async fn has_table(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (tables,): (i64,) = sqlx::query_as(TABLES).fetch_one(connection).await?;
    Ok(tables > 0)
}

/// Brings the file in line with memory where it changed: all of it or nothing.
pub(crate) async fn write(path: &Path, shared: &Shared, changes: &Changes) -> Result<(), String> {
    make(path).await.map_err(|error| error.to_string())?;
    let mut connection = options(path).connect().await.map_err(words)?;
    let written = transact(&mut connection, shared, changes).await.map_err(words);
    let _ = connection.close().await;
    written
}

/// Makes a file that only the user of the exchange may read, if there is none.
async fn make(path: &Path) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        tokio::fs::DirBuilder::new().recursive(true).mode(0o750).create(directory).await?;
    }
    let mut new = tokio::fs::OpenOptions::new();
    match new.write(true).create_new(true).mode(0o600).open(path).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

async fn transact(
    connection: &mut SqliteConnection,
    shared: &Shared,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // A file that somebody removed or emptied had the other entries too.
    let everything = changes.everything || !has_table(&mut transaction).await?;
    sqlx::query(CREATE).execute(&mut *transaction).await?;
    if everything {
        forget_what_is_gone(&mut transaction, shared).await?;
        let mut last = String::new();
        loop {
            let keys = shared.keys_after(&last, PORTION);
            let Some(end) = keys.last() else { break };
            last.clone_from(end);
            put(&mut transaction, shared, &keys).await?;
        }
    } else {
        let keys: Vec<String> = changes.keys.iter().cloned().collect();
        for keys in keys.chunks(PORTION) {
            put(&mut transaction, shared, keys).await?;
        }
    }
    transaction.commit().await
}

/// Removes the entries that are in the file and not in memory. Those that memory cannot hold stay.
async fn forget_what_is_gone(
    connection: &mut SqliteConnection,
    shared: &Shared,
) -> Result<(), sqlx::Error> {
    for (key, _) in sqlx::query_as::<_, Bytes>(KEYS).fetch_all(&mut *connection).await? {
        if let Some(Ok(key)) = key.map(String::from_utf8)
            && !shared.holds(&key)
        {
            sqlx::query(DELETE).bind(key).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Writes what these keys hold now.
async fn put(
    connection: &mut SqliteConnection,
    shared: &Shared,
    keys: &[String],
) -> Result<(), sqlx::Error> {
    for (key, value) in keys.iter().zip(shared.values(keys)) {
        let statement = match value {
            Some(value) => sqlx::query(REPLACE).bind(key).bind(value),
            None => sqlx::query(DELETE).bind(key),
        };
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Runs a statement that reads. The file is opened for reading only, whatever the statement says.
pub(crate) async fn query(path: &Path, statement: &str) -> Result<Vec<Row>, QueryError> {
    let first = statement.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    let reads = |word: &str| ["select", "with", "values"].contains(&word);
    if !first.is_some_and(|word| reads(&word.to_ascii_lowercase())) {
        return Err(QueryError::NotReading);
    }
    if !path.exists() {
        let why = format!("{} is made with the first entry", path.display());
        return Err(QueryError::NoFile(why));
    }
    let failed = |error| QueryError::Failed(words(error));
    let mut connection = options(path).read_only(true).connect().await.map_err(failed)?;
    let rows = fetch(&mut connection, statement, LONGEST_QUERY).await.map_err(failed);
    let _ = connection.close().await;
    rows
}

async fn fetch(
    connection: &mut SqliteConnection,
    statement: &str,
    longest: Duration,
) -> Result<Vec<Row>, sqlx::Error> {
    let end = Instant::now() + longest;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < end);
    // The end of what is shown is the end of the work.
    let statement = statement.trim_end().trim_end_matches(';');
    let limited = format!("SELECT * FROM ({statement}\n) LIMIT {MAX_ROWS}");
    let rows = sqlx::query(AssertSqlSafe(limited)).fetch_all(connection).await?;
    rows.iter().map(columns).collect()
}

fn columns(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let column = |(place, column): (usize, &sqlx::sqlite::SqliteColumn)| {
        let value: Option<Vec<u8>> = row.try_get_unchecked(place)?;
        let value = value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok((column.name().to_owned(), value.unwrap_or_else(|| "NULL".to_owned())))
    };
    row.columns().iter().enumerate().map(column).collect()
}

/// What went wrong, without the library's words around it.
fn words(error: sqlx::Error) -> String {
    match &error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_statement_without_an_end_is_cut() {
        let options = SqliteConnectOptions::new().in_memory(true);
        let mut connection = options.connect().await.expect("a connection");
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT count(*) FROM n";
        let error = fetch(&mut connection, endless, Duration::from_millis(50)).await;
        assert_eq!(words(error.expect_err("it has no answer")), "interrupted");
    }
}
