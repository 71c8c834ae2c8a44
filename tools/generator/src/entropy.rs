//! Bytes that a seed and an index stand for.

/// The bytes of sample `index` of `seed`.
pub fn entropy(seed: u64, index: u64, bytes: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new_derive_key("spellhost generated samples 1");
    hasher.update(&seed.to_le_bytes()).update(&index.to_le_bytes());
    let mut out = vec![0; bytes];
    hasher.finalize_xof().fill(&mut out);
    out
}
