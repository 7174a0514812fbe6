//! Compiles the vendored LPC-10 coder with a C compiler alone.

use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=vendor");
    let files = fs::read_dir("vendor/lpc10").into_iter().flatten();
    let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
    files.sort();
    let mut build = cc::Build::new();
    build
        .opt_level(3)
        .debug(false)
        .warnings(false)
        .flag_if_supported("-fstack-protector-strong")
        // The coder shifts negative numbers, and reads real numbers as the Fortran it came from.
        .flag_if_supported("-fwrapv")
        .flag_if_supported("-fno-strict-aliasing");
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "c")) {
        build.file(file);
    }
    build.compile("lpc10");
}
