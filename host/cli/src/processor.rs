//! What code is made for: the target, and what this processor offers of what code makers look at.
//!
//! Only told, in certificates; decides nothing.

use spellhost_runtime::Codegen;

/// The target of an engine's code, and the processor features that it may use.
pub fn described(codegen: Codegen) -> (String, Vec<String>) {
    match codegen {
        Codegen::Native | Codegen::NativeUnoptimised => (target(), features()),
        Codegen::Pulley => ("pulley64".into(), Vec::new()),
    }
}

fn target() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<String> {
    macro_rules! offered {
        ($($name:tt)*) => { [$(($name, std::is_x86_feature_detected!($name))),*] };
    }
    named(&offered!(
        "sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "lzcnt" "bmi1" "bmi2" "avx" "avx2" "fma"
        "avx512f" "avx512bitalg" "avx512dq" "avx512vl" "avx512vbmi"
    ))
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<String> {
    macro_rules! offered {
        ($($name:tt)*) => { [$(($name, std::arch::is_aarch64_feature_detected!($name))),*] };
    }
    named(&offered!("lse" "paca" "fp16"))
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<String> {
    Vec::new()
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn named(offered: &[(&str, bool)]) -> Vec<String> {
    offered.iter().filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect()
}
