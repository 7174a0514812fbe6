//! `cargo xtask setup`: what the tests need beyond a Rust toolchain and a C compiler.
//!
//! The exchange itself needs none of this; only its tests do.

use crate::Outcome;
use crate::npm;
use crate::process::{command, finish, is_installed};

/// A program the tests start, and the Debian package that brings it.
struct Need {
    program: &'static str,
    package: &'static str,
}

const fn need(program: &'static str, package: &'static str) -> Need {
    Need { program, package }
}

const NEEDS: &[Need] = &[
    need("node", "nodejs"),
    need("npm", "npm"),
    need("chromium", "chromium"),
    need("firefox-esr", "firefox-esr"),
    need("sipp", "sip-tester"),
    need("baresip", "baresip-core"),
    need("curl", "curl"),
    need("fc-list", "fontconfig"),
    need("certutil", "libnss3-tools"),
    need("openssl", "openssl"),
    need("ip", "iproute2"),
    need("nft", "nftables"),
    need("conntrack", "conntrack"),
    need("turnserver", "coturn"),
];

pub(crate) fn run(_arguments: &[String]) -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        println!("Debian packages: all there");
    } else {
        install(&missing)?;
    }
    for folder in ["web", "e2e"] {
        npm::install(folder)?;
        println!("npm packages of {folder}/: all there");
    }
    Ok(())
}

/// Fails with the command to run when a peer of the end-to-end stories is not installed.
pub(crate) fn require_peers() -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("missing: {}. Run `cargo xtask setup` as root.", missing.join(", ")))
}

fn missing() -> Vec<&'static str> {
    NEEDS.iter().filter(|need| !is_installed(need.program)).map(|need| need.package).collect()
}

fn install(packages: &[&'static str]) -> Outcome {
    println!("installing Debian packages: {}", packages.join(" "));
    if !is_installed("apt-get") {
        return Err(format!("no apt-get here. Install by hand: {}", packages.join(" ")));
    }
    if crate::process::output("id", &["-u"])?.trim() != "0" {
        let list = packages.join(" ");
        return Err(format!("not root. Run: sudo apt-get install -y {list}"));
    }
    apt_get(&["update", "-q"])?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)?;
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("apt-get succeeded, but programs are missing still: {}", missing.join(", ")))
}

fn apt_get(arguments: &[&str]) -> Outcome {
    finish(command("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}
