//! Files and commands of the machine.

use super::*;

fn words(outcome: Result<Vec<u8>, ReadError>) -> String {
    outcome.expect_err("it fails").to_string()
}

#[test]
fn a_command_gives_what_it_prints() {
    assert_eq!(FileSource.exec("echo '[a]'; echo noise >&2").unwrap(), b"[a]\n");
}

#[test]
fn a_command_that_fails_is_told_with_its_status_and_words() {
    let told = words(FileSource.exec("echo half; echo 'no such table' >&2; exit 3"));
    assert!(told.contains("exit status: 3") && told.contains("no such table"), "{told}");
}

#[test]
fn a_command_that_hangs_is_ended() {
    let began = Instant::now();
    let told = words(run("echo begun; exec sleep 60", Duration::from_millis(200)));
    assert!(told.contains("longer than 0.2 s"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_command_that_leaves_something_in_the_background_is_not_waited_for() {
    let began = Instant::now();
    let told = words(run("echo begun; sleep 5 &", Duration::from_millis(200)));
    assert!(told.contains("in the background"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[test]
fn a_command_that_never_stops_printing_is_stopped() {
    let told = words(run("yes", Duration::from_secs(5)));
    assert!(told.contains("more than"), "{told}");
}
