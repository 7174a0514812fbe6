//! Compiles the vendored libspeex with a C compiler alone: no configure, no pkg-config. The list
//! follows `libspeex/Makefile.am` of the release, in the floating-point build, without the
//! psychoacoustic model and the Ogg header.

const SOURCES: &str = "bits cb_search exc_10_16_table exc_10_32_table exc_20_32_table \
    exc_5_256_table exc_5_64_table exc_8_128_table filters gain_table gain_table_lbr \
    hexc_10_32_table hexc_table high_lsp_tables lpc lsp lsp_tables_nb ltp modes modes_wb nb_celp \
    quant_lsp sb_celp speex speex_callbacks stereo vbr vq window";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=vendor");
    let mut build = cc::Build::new();
    build
        .opt_level(3)
        .debug(false)
        .warnings(false)
        .flag_if_supported("-fstack-protector-strong")
        .include("vendor/speex/include")
        .include("vendor/speex/libspeex")
        .define("FLOATING_POINT", None)
        .define("VAR_ARRAYS", None)
        // A speech codec needs no error messages on stderr.
        .define("DISABLE_WARNINGS", None)
        .define("DISABLE_NOTIFICATIONS", None)
        .define("EXPORT", "")
        .define("SPEEX_MAJOR_VERSION", "1")
        .define("SPEEX_MINOR_VERSION", "2")
        .define("SPEEX_MICRO_VERSION", "1")
        .define("SPEEX_EXTRA_VERSION", "\"\"")
        .define("SPEEX_VERSION", "\"1.2.1\"");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64") {
        build.define("USE_SSE", None);
    }
    for name in SOURCES.split_whitespace() {
        build.file(format!("vendor/speex/libspeex/{name}.c"));
    }
    build.compile("speex");
}
