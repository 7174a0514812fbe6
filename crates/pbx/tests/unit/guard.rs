//! A fault ends what it is in, and nothing else.

use super::*;

#[test]
fn work_that_is_watched_is_held_once() {
    let work = async {
        let held = [0_u8; 1_000];
        tokio::task::yield_now().await;
        assert_eq!(held.len(), 1_000);
    };
    let alone = size_of_val(&work);
    assert!(size_of_val(&caught(work)) < alone + 100);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_faults_begins_anew_until_it_ends_by_itself() {
    let mut runs = 0;
    let began = tokio::time::Instant::now();
    kept("the test", || {
        runs += 1;
        let run = runs;
        async move { assert!(run == 3, "a fault") }
    })
    .await;
    assert_eq!((runs, began.elapsed()), (3, 2 * PAUSE));
}
