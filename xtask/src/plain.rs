//! The release build as someone has it who installed nothing but Rust and a C compiler.
//!
//! Build scripts of dependencies look for cmake, clang, pkg-config, perl and more, and use what
//! they find. Here they find nothing: the PATH holds links to a compiler and its linker only.

use crate::Outcome;
use crate::process::{cargo, command, find, finish, output, target_dir};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The binary that this build makes.
const BINARY: &str = "sidetone";

/// A C compiler with its parts, and the shell that runs scripts. Nothing else.
const TOOLS: &[&str] = &["cc", "gcc", "ld", "as", "ar", "ranlib", "nm", "strip", "sh"];

/// Tools that the build must not find. What build scripts found before, with the whole PATH, stays
/// built in `target/`: only the build of a fresh clone, as CI makes it, proves that none is needed.
const HIDDEN: &[&str] = &["cmake", "clang", "pkg-config", "perl", "python3", "go", "make", "node"];

/// Builds the release binary with the bare PATH and returns where it lies.
pub(crate) fn release_binary() -> Result<PathBuf, String> {
    build()?;
    let binary = target_dir().join("release").join(BINARY);
    if binary.is_file() {
        check_libraries(&output("readelf", &["-d", &binary.to_string_lossy()])?)?;
        return Ok(binary);
    }
    Err(format!("the build made no {}", binary.display()))
}

/// Libraries of the C compiler and its system, which every program links.
const LIBRARIES: &[&str] =
    &["libc.so", "libm.so", "libgcc_s.so", "ld-linux", "libdl.so", "libpthread.so", "librt.so"];

/// A build script may also link an installed library without asking any tool: what the binary
/// wants to be loaded with tells.
fn check_libraries(dynamic_section: &str) -> Outcome {
    let needed = dynamic_section.lines().filter(|line| line.contains("(NEEDED)"));
    let names: Vec<&str> = needed.filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    if names.is_empty() {
        return Err("readelf names no library of the binary: what it links is not known".into());
    }
    let usual = |name: &&&str| LIBRARIES.iter().any(|library| name.starts_with(library));
    match names.iter().find(|name| !usual(name)) {
        None => Ok(()),
        Some(name) => Err(format!("the binary links {name}: it may need the C library only")),
    }
}

fn build() -> Outcome {
    let folder = target_dir().join("plain-path");
    bare_path(&folder)?;
    // The proxies of rustup need their own folder; the toolchain's own programs do not.
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    let toolchain = Path::new(sysroot.trim()).join("bin");
    let path = std::env::join_paths([&toolchain, &folder])
        .map_err(|error| format!("the PATH for the plain build: {error}"))?;
    check_hidden(&folder, &path)?;
    let toolchain_cargo = toolchain.join("cargo");
    let program =
        if toolchain_cargo.is_file() { toolchain_cargo.into_os_string() } else { cargo().into() };
    let arguments = ["build", "--release", "--locked", "--package", BINARY];
    let mut build = command(program, &arguments);
    for name in ["RUSTC", "RUSTDOC", "RUSTC_WRAPPER", "CC", "CXX", "CMAKE"] {
        build.env_remove(name);
    }
    finish(build.env("PATH", path))
}

/// Looks for each hidden tool as a build script would, through the shell and this PATH. The
/// compiler, which must be found, shows that the search itself works.
fn check_hidden(folder: &Path, path: &OsStr) -> Outcome {
    let finds = |tool: &str| {
        let mut search = command(folder.join("sh"), &["-c", "command -v \"$0\"", tool]);
        let found = search.env("PATH", path).output();
        found.map(|found| found.status.success()).map_err(|error| format!("no shell: {error}"))
    };
    if !finds("cc")? {
        return Err("the plain PATH has no cc: what is hidden cannot be told from what is".into());
    }
    for tool in HIDDEN {
        if finds(tool)? {
            return Err(format!("`{tool}` can be started with the plain PATH: it must be hidden"));
        }
    }
    Ok(())
}

/// Makes `folder` hold links to `TOOLS` and nothing else.
fn bare_path(folder: &Path) -> Outcome {
    let words = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(words)?;
    }
    std::fs::create_dir_all(folder).map_err(words)?;
    for tool in TOOLS {
        let Some(real) = find(tool) else { continue };
        std::os::unix::fs::symlink(real, folder.join(tool)).map_err(words)?;
    }
    if folder.join("cc").exists() { Ok(()) } else { Err("there is no C compiler (cc)".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_the_system_is_found() {
        let section = " 0x01 (NEEDED)  Shared library: [libm.so.6]\n 0x01 (NEEDED)  Shared \
            library: [libc.so.6]\n 0x0c (INIT) 0x1000\n";
        assert_eq!(check_libraries(section), Ok(()));
        let more = format!("{section} 0x01 (NEEDED)  Shared library: [libopus.so.0]\n");
        assert!(check_libraries(&more).is_err_and(|words| words.contains("libopus.so.0")));
        assert!(check_libraries("").is_err());
    }

    #[test]
    fn a_tool_that_is_not_hidden_is_found() {
        let folder = std::env::temp_dir().join(format!("sidetone-plain-{}", std::process::id()));
        bare_path(&folder).expect("links");
        assert_eq!(check_hidden(&folder, folder.as_os_str()), Ok(()));
        let sh = find("sh").expect("a shell");
        std::os::unix::fs::symlink(sh, folder.join("perl")).expect("a link");
        let outcome = check_hidden(&folder, folder.as_os_str());
        assert!(outcome.is_err_and(|words| words.contains("`perl`")));
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
