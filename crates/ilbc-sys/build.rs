//! Compiles the vendored iLBC coder of WebRTC, and the part of its signal processing that it
//! needs, with a C compiler alone.

use std::fs;

const FOLDERS: [&str; 3] = [
    "modules/audio_coding/codecs/ilbc",
    "common_audio/signal_processing",
    "common_audio/third_party/spl_sqrt_floor",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=vendor");
    let mut build = cc::Build::new();
    build
        .opt_level(3)
        .debug(false)
        .warnings(false)
        .flag_if_supported("-fstack-protector-strong")
        // The coder shifts negative numbers and lets sums wrap, as its reference does.
        .flag_if_supported("-fwrapv")
        .define("WEBRTC_POSIX", None)
        .include("vendor/webrtc");
    for folder in FOLDERS {
        let files = fs::read_dir(format!("vendor/webrtc/{folder}")).into_iter().flatten();
        let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "c")) {
            build.file(file);
        }
    }
    build.compile("ilbc");
}
