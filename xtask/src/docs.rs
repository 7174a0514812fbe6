//! `cargo xtask docs`: writes the reference pages of `docs/reference/` from the tables of the
//! program. The test that writes them is the one that checks them in `cargo xtask test`.

use crate::Outcome;
use crate::process::{cargo, command, finish};

/// Makes the test write instead of compare.
const WRITE: &str = "SIDETONE_WRITE_REFERENCE";

/// Writes the pages; `--check` only compares them.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => return Err("give --check or nothing".to_owned()),
    };
    let test = ["test", "--quiet", "--package", "sidetone", "--test", "reference"];
    let mut test = command(cargo(), &test);
    if !check {
        test.env(WRITE, "1");
    }
    finish(&mut test)
}
