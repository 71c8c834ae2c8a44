//! The machine code of a component, apart from the process that made it.
//!
//! Promises that an [`Artefact`] holds what a [`crate::Compiler`] made and nothing else: it comes
//! from one, or out of bytes whose seal was checked with the key they were sealed with. That is
//! what lets the engine run it. Does not know where sealed bytes travel or lie: a pipe, a cache.

use std::ops::Range;
use std::time::Duration;

use spellhost_sim::Digest;

/// Marks sealed bytes; a change of form changes it.
const MAGIC: &[u8; 8] = b"spellart";
const TAG: Range<usize> = 8..40;
const COMPONENT: Range<usize> = 40..72;
const TARGET: Range<usize> = 72..104;
const MICROS: Range<usize> = 104..112;

/// What a process seals artefacts with. Whoever has it can have any code run: it is handed to a
/// compiling child and never written down beside what it seals.
#[derive(Clone)]
pub struct ArtefactKey([u8; 32]);

/// The machine code of one component for one [target](crate::Engine::target).
#[derive(Clone)]
pub struct Artefact {
    /// In the sealed form, with nothing for the tag.
    bytes: Vec<u8>,
}

/// Why sealed bytes are no artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// They are too short, or begin with something else.
    #[error("these bytes are no compiled component")]
    Form,
    /// They were sealed with another key, or have changed since.
    #[error("this compiled component was not made here, or is damaged")]
    Broken,
}

impl ArtefactKey {
    /// A key from bytes that nobody can guess.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn tag(&self, sealed: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.0, &sealed[TAG.end..])
    }
}

impl Artefact {
    pub(crate) fn new(component: Digest, target: Digest, compile_time: Duration, code: &[u8]) -> Self {
        let micros = u64::try_from(compile_time.as_micros()).unwrap_or(u64::MAX);
        let mut bytes = Vec::with_capacity(MICROS.end + code.len());
        bytes.extend_from_slice(MAGIC);
        bytes.resize(TAG.end, 0);
        bytes.extend_from_slice(&component.0);
        bytes.extend_from_slice(&target.0);
        bytes.extend_from_slice(&micros.to_le_bytes());
        bytes.extend_from_slice(code);
        Self { bytes }
    }

    /// The component that it was made from.
    pub fn component(&self) -> Digest {
        Digest(self.array(COMPONENT))
    }

    /// The engine and processor that it was made for: with the component, what a cache asks for.
    pub fn target(&self) -> Digest {
        Digest(self.array(TARGET))
    }

    /// How long compiling took.
    pub fn compile_time(&self) -> Duration {
        Duration::from_micros(u64::from_le_bytes(self.array(MICROS)))
    }

    /// How many bytes of code it is.
    pub fn code_bytes(&self) -> usize {
        self.code().len()
    }

    pub(crate) fn code(&self) -> &[u8] {
        &self.bytes[MICROS.end..]
    }

    /// The bytes that [`Artefact::open`] takes back with the same key.
    pub fn seal(mut self, key: &ArtefactKey) -> Vec<u8> {
        let tag = key.tag(&self.bytes);
        self.bytes[TAG].copy_from_slice(tag.as_bytes());
        self.bytes
    }

    /// Checks the seal of bytes and takes them for what they say.
    ///
    /// # Errors
    /// Where they were not sealed with this key, or have changed since.
    pub fn open(mut bytes: Vec<u8>, key: &ArtefactKey) -> Result<Self, SealError> {
        if bytes.len() < MICROS.end || !bytes.starts_with(MAGIC) {
            return Err(SealError::Form);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(&bytes[TAG]);
        // The comparison takes the same time wherever the tags differ.
        if key.tag(&bytes) != tag {
            return Err(SealError::Broken);
        }
        bytes[TAG].fill(0);
        Ok(Self { bytes })
    }

    fn array<const N: usize>(&self, range: Range<usize>) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[range]);
        array
    }
}

impl std::fmt::Debug for Artefact {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Artefact({}, {} bytes)", self.component(), self.code_bytes())
    }
}

impl std::fmt::Debug for ArtefactKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ArtefactKey(hidden)")
    }
}
