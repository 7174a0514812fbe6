//! AstDB and its file: what is kept over a restart, moved over from Asterisk, or left alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use sidetone_store::{AstDb, MAX_ROWS, QueryError, RETRY};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

/// A directory of its own, which goes with the story.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let place = Self(
            std::env::temp_dir().join(format!("sidetone-store-{name}-{}", std::process::id())),
        );
        let _ = std::fs::remove_dir_all(&place.0);
        std::fs::create_dir_all(&place.0).expect("a directory");
        place
    }

    fn file(&self) -> PathBuf {
        self.0.join("astdb.sqlite3")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes to the file as another program would.
async fn execute(path: &Path, statement: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a connection");
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(&mut connection).await.expect("it is right");
    connection.close().await.expect("closed");
}

fn put(database: &AstDb, key: &str, value: &str) {
    database.put("f", key, value).expect("it is kept");
}

async fn closed(database: AstDb) {
    database.close().await;
}

#[tokio::test]
async fn a_restart_keeps_what_was_put_and_forgets_what_was_removed() {
    let place = Place::new("restart");
    let database = AstDb::open(&place.file()).await;
    assert!(!place.file().exists(), "an exchange without entries makes no file");
    put(&database, "kept", "one");
    put(&database, "gone", "two");
    database.flush().await;
    let mode = place.file().metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    put(&database, "kept", "three");
    database.delete("f", "gone");
    closed(database).await;
    let database = AstDb::open(&place.file()).await;
    assert_eq!(database.tree("", ""), [("/f/kept".to_owned(), "three".to_owned())]);
    assert_eq!(database.delete_tree("f", ""), 1);
    closed(database).await;
    assert_eq!(AstDb::open(&place.file()).await.count(), 0);
}

#[tokio::test]
async fn a_file_of_asterisk_moves_over_and_back() {
    let place = Place::new("asterisk");
    execute(
        &place.file(),
        "CREATE TABLE astdb(key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key)); \
         INSERT INTO astdb VALUES ('/cidname/4711', 'Ada'), ('/pbx/UUID', 'e4d5'), \
         ('/number/1', 17), ('/nothing/1', NULL), ('/strange/1', CAST(X'ff' AS TEXT))",
    )
    .await;
    let database = AstDb::open(&place.file()).await;
    assert_eq!(database.get("cidname", "4711").as_deref(), Some("Ada"));
    assert_eq!(database.get("number", "1").as_deref(), Some("17"));
    assert_eq!(database.get("nothing", "1").as_deref(), Some(""));
    assert_eq!(database.count(), 4, "what is no text is not seen");
    database.put("cidname", "4711", "Ada L").expect("it is kept");
    let rows = database.query("SELECT key, value FROM astdb WHERE key LIKE '/cid%'").await;
    let row = [("key", "/cidname/4711"), ("value", "Ada L")];
    let row = row.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(rows, Ok(vec![row.to_vec()]), "the file says the same");
    let rows = database.query("SELECT count(*) AS n FROM astdb;").await;
    assert_eq!(rows, Ok(vec![vec![("n".to_owned(), "5".to_owned())]]), "it lost nothing");
    closed(database).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone_and_calls_go_on() {
    let place = Place::new("broken");
    let text = "This was a database once, before somebody opened it with an editor.\n".repeat(99);
    std::fs::write(place.file(), &text).expect("written");
    let database = AstDb::open(&place.file()).await;
    put(&database, "k", "v");
    assert_eq!(database.get("f", "k").as_deref(), Some("v"));
    let asked = database.query("SELECT 1").await;
    assert!(matches!(asked, Err(QueryError::NoFile(why)) if why.contains("astdb.sqlite3")));
    closed(database).await;
    assert_eq!(std::fs::read_to_string(place.file()).expect("it is there"), text);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_once_there_is_room() {
    let place = Place::new("full");
    let database = AstDb::open(&place.file()).await;
    std::fs::create_dir(place.file()).expect("something in the way");
    put(&database, "early", "one");
    database.flush().await;
    put(&database, "late", "two");
    database.flush().await;
    assert_eq!(database.get("f", "early").as_deref(), Some("one"));
    std::fs::remove_dir(place.file()).expect("out of the way");
    closed(database).await;
    assert_eq!(AstDb::open(&place.file()).await.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_tried_again_without_being_asked() {
    let place = Place::new("again");
    let database = AstDb::open(&place.file()).await;
    std::fs::create_dir(place.file()).expect("something in the way");
    put(&database, "k", "v");
    database.flush().await;
    std::fs::remove_dir(place.file()).expect("out of the way");
    for _ in 0..2_000 {
        if place.file().is_file() {
            break;
        }
        tokio::time::sleep(RETRY).await;
        // SQLite does its work on a clock that nobody stops.
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(place.file().is_file());
    closed(database).await;
    assert_eq!(AstDb::open(&place.file()).await.count(), 1);
}

#[tokio::test]
async fn a_file_that_was_removed_is_written_anew_and_whole() {
    let place = Place::new("removed");
    let database = AstDb::open(&place.file()).await;
    put(&database, "first", "one");
    database.flush().await;
    std::fs::remove_file(place.file()).expect("removed");
    put(&database, "second", "two");
    closed(database).await;
    assert_eq!(AstDb::open(&place.file()).await.count(), 2);
}

#[tokio::test]
async fn an_empty_file_that_an_attempt_left_behind_is_filled_whole() {
    let place = Place::new("emptied");
    let database = AstDb::open(&place.file()).await;
    put(&database, "first", "one");
    database.flush().await;
    // Somebody removed it, and the disk had room for its name only.
    std::fs::write(place.file(), "").expect("emptied");
    put(&database, "second", "two");
    closed(database).await;
    assert_eq!(AstDb::open(&place.file()).await.count(), 2);
}

#[tokio::test]
async fn more_changes_than_are_listed_reach_the_file_all_the_same() {
    let place = Place::new("many");
    execute(
        &place.file(),
        "CREATE TABLE astdb(key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key)); \
         INSERT INTO astdb VALUES ('/f/old', 'x'), (CAST(X'ff' AS TEXT), 'stays')",
    )
    .await;
    let database = AstDb::open(&place.file()).await;
    // Put and removed at once: nothing is written but that the old entry is gone.
    for number in 0..=sidetone_store::MAX_WAITING {
        put(&database, &number.to_string(), "v");
    }
    assert_eq!(database.delete_tree("f", ""), sidetone_store::MAX_WAITING + 2);
    put(&database, "new", "y");
    let rows = database.query("SELECT value FROM astdb ORDER BY value").await.expect("rows");
    let values: Vec<_> = rows.into_iter().flatten().map(|(_, value)| value).collect();
    assert_eq!(values, ["stays", "y"]);
    closed(database).await;
}

#[tokio::test]
async fn a_query_reads_and_changes_nothing() {
    let place = Place::new("query");
    let database = AstDb::open(&place.file()).await;
    let asked = database.query("SELECT 1").await;
    assert!(matches!(asked, Err(QueryError::NoFile(_))), "{asked:?}");
    put(&database, "k", "v");
    let rows = database.query("values(1)").await;
    assert_eq!(rows, Ok(vec![vec![("column1".to_owned(), "1".to_owned())]]), "no space is needed");
    for statement in ["DELETE FROM astdb", "ATTACH 'x' AS y", "PRAGMA user_version", ""] {
        assert_eq!(database.query(statement).await, Err(QueryError::NotReading), "{statement}");
    }
    for statement in [
        "WITH a AS (SELECT 1) DELETE FROM astdb",
        "SELECT 1); DELETE FROM astdb; SELECT * FROM (SELECT 1",
        "SELECT nothing FROM nowhere",
    ] {
        let asked = database.query(statement).await;
        assert!(matches!(asked, Err(QueryError::Failed(_))), "{statement}: {asked:?}");
    }
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let rows = database.query(endless).await.expect("its beginning");
    assert_eq!(rows.len(), MAX_ROWS);
    assert_eq!(database.get("f", "k").as_deref(), Some("v"));
    closed(database).await;
    assert_eq!(AstDb::open(&place.file()).await.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whatever_is_put_comes_back_also_after_a_restart(
        entries in prop::collection::btree_map(
            ("[^\0/]{1,12}", "[^\0]{1,20}"), "\\PC{0,40}|[^\0]{0,40}", 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let place = Place::new("any");
            let database = AstDb::open(&place.file()).await;
            for ((family, key), value) in &entries {
                database.put(family, key, value).expect("it is kept");
                assert_eq!(database.get(family, key).as_ref(), Some(value));
            }
            let before = database.tree("", "");
            closed(database).await;
            let database = AstDb::open(&place.file()).await;
            assert_eq!(database.tree("", ""), before);
            for ((family, key), value) in &entries {
                assert_eq!(database.get(family, key).as_ref(), Some(value));
                assert!(database.delete(family, key).is_some());
            }
            assert_eq!(database.count(), 0);
            closed(database).await;
        });
    }
}
