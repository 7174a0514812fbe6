//! Compiles the vendored libopus with a C compiler alone: no cmake, no configure, no pkg-config.
//!
//! The lists follow `celt_sources.mk`, `silk_sources.mk` and `opus_sources.mk` of the release, in
//! the floating-point build without neural extensions. On x86-64 the SSE 4.1 and AVX2 variants are
//! compiled with their own flags and chosen at run time; on aarch64 NEON is always there.

use std::env;

const CELT: &str = "bands celt celt_decoder celt_encoder celt_lpc cwrs entcode entdec entenc \
    kiss_fft laplace mathops mdct modes pitch quant_bands rate vq";
const SILK: &str = "A2NLSF CNG HP_variable_cutoff LPC_analysis_filter LPC_fit LPC_inv_pred_gain \
    LP_variable_cutoff NLSF2A NLSF_VQ NLSF_VQ_weights_laroia NLSF_decode NLSF_del_dec_quant \
    NLSF_encode NLSF_stabilize NLSF_unpack NSQ NSQ_del_dec PLC VAD VQ_WMat_EC ana_filt_bank_1 \
    biquad_alt bwexpander bwexpander_32 check_control_input code_signs control_SNR \
    control_audio_bandwidth control_codec debug dec_API decode_core decode_frame decode_indices \
    decode_parameters decode_pitch decode_pulses decoder_set_fs enc_API encode_indices \
    encode_pulses gain_quant init_decoder init_encoder inner_prod_aligned interpolate lin2log \
    log2lin pitch_est_tables process_NLSFs quant_LTP_gains resampler resampler_down2 \
    resampler_down2_3 resampler_private_AR2 resampler_private_IIR_FIR resampler_private_down_FIR \
    resampler_private_up2_HQ resampler_rom shell_coder sigm_Q15 sort stereo_LR_to_MS \
    stereo_MS_to_LR stereo_decode_pred stereo_encode_pred stereo_find_predictor \
    stereo_quant_pred sum_sqr_shift table_LSF_cos tables_LTP tables_NLSF_CB_NB_MB \
    tables_NLSF_CB_WB tables_gain tables_other tables_pitch_lag tables_pulses_per_block";
const SILK_FLOAT: &str = "LPC_analysis_filter_FLP LPC_inv_pred_gain_FLP LTP_analysis_filter_FLP \
    LTP_scale_ctrl_FLP apply_sine_window_FLP autocorrelation_FLP burg_modified_FLP \
    bwexpander_FLP corrMatrix_FLP encode_frame_FLP energy_FLP find_LPC_FLP find_LTP_FLP \
    find_pitch_lags_FLP find_pred_coefs_FLP inner_product_FLP k2a_FLP noise_shape_analysis_FLP \
    pitch_analysis_core_FLP process_gains_FLP regularize_correlations_FLP residual_energy_FLP \
    scale_copy_vector_FLP scale_vector_FLP schur_FLP sort_FLP warped_autocorrelation_FLP \
    wrappers_FLP";
const OPUS: &str = "analysis extensions mlp mlp_data opus opus_decoder opus_encoder repacketizer";

const CELT_X86: &str = "x86cpu x86_celt_map pitch_sse pitch_sse2 vq_sse2";
const CELT_SSE4_1: &str = "celt_lpc_sse4_1 pitch_sse4_1";
const SILK_SSE4_1: &str = "NSQ_sse4_1 NSQ_del_dec_sse4_1 VAD_sse4_1 VQ_WMat_EC_sse4_1";

const CELT_NEON: &str = "celt_neon_intr pitch_neon_intr";
const SILK_NEON: &str =
    "biquad_alt_neon_intr LPC_inv_pred_gain_neon_intr NSQ_del_dec_neon_intr NSQ_neon";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=vendor");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let mut main = compiler(&arch);
    files(&mut main, "celt", CELT);
    files(&mut main, "silk", SILK);
    files(&mut main, "silk/float", SILK_FLOAT);
    files(&mut main, "src", OPUS);
    match arch.as_str() {
        "x86_64" => {
            files(&mut main, "celt/x86", CELT_X86);
            files(&mut main, "silk/x86", "x86_silk_map");
            let mut sse = compiler(&arch);
            sse.flag_if_supported("-msse4.1");
            files(&mut sse, "celt/x86", CELT_SSE4_1);
            files(&mut sse, "silk/x86", SILK_SSE4_1);
            sse.compile("opus_sse4_1");
            let mut avx = compiler(&arch);
            for flag in ["-mavx", "-mavx2", "-mfma"] {
                avx.flag_if_supported(flag);
            }
            files(&mut avx, "celt/x86", "pitch_avx");
            files(&mut avx, "silk/x86", "NSQ_del_dec_avx2");
            files(&mut avx, "silk/float/x86", "inner_product_FLP_avx2");
            avx.compile("opus_avx2");
        }
        "aarch64" => {
            files(&mut main, "celt/arm", CELT_NEON);
            files(&mut main, "silk/arm", SILK_NEON);
        }
        _ => {}
    }
    main.compile("opus");
}

/// Settings that all files share.
fn compiler(arch: &str) -> cc::Build {
    let mut build = cc::Build::new();
    build
        // An unoptimised codec takes a tenth of a core for each call, even in tests.
        .opt_level(3)
        .debug(false)
        .warnings(false)
        .flag_if_supported("-fstack-protector-strong")
        // The compiler may not fuse or reorder what the two ends must compute alike.
        .flag_if_supported("-ffp-contract=off")
        .define("OPUS_BUILD", None)
        .define("VAR_ARRAYS", None)
        .define("HAVE_STDINT_H", None)
        .define("HAVE_LRINT", None)
        .define("HAVE_LRINTF", None)
        // Cheap checks of internal state: a damaged packet ends in an error, not in memory.
        .define("ENABLE_HARDENING", None)
        .define("PACKAGE_VERSION", "\"1.6.1\"");
    for folder in ["include", "celt", "silk", "silk/float", "src", ""] {
        build.include(format!("vendor/opus/{folder}"));
    }
    let defines: &[&str] = match arch {
        "x86_64" => &[
            "OPUS_HAVE_RTCD",
            "CPU_INFO_BY_C",
            "OPUS_X86_MAY_HAVE_SSE",
            "OPUS_X86_MAY_HAVE_SSE2",
            "OPUS_X86_MAY_HAVE_SSE4_1",
            "OPUS_X86_MAY_HAVE_AVX2",
            "OPUS_X86_PRESUME_SSE",
            "OPUS_X86_PRESUME_SSE2",
        ],
        "aarch64" => &[
            "OPUS_ARM_MAY_HAVE_NEON_INTR",
            "OPUS_ARM_PRESUME_NEON_INTR",
            "OPUS_ARM_PRESUME_AARCH64_NEON_INTR",
        ],
        _ => &[],
    };
    for name in defines {
        build.define(name, "1");
    }
    build
}

fn files(build: &mut cc::Build, folder: &str, names: &str) {
    for name in names.split_whitespace() {
        build.file(format!("vendor/opus/{folder}/{name}.c"));
    }
}
