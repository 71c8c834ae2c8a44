//! Compiling, and nothing else: for a process that makes code and never runs it.
//!
//! Reserves no address space for instances, so that it fits under a small limit of memory. Promises
//! code that an [`crate::Engine`] of the same [`Codegen`] runs, whatever its role. Does not know
//! that it is watched, nor by whom.

use std::time::Instant;

use spellhost_sim::Digest;
use wasmtime::error::OutOfMemory;

use crate::admission::Admitted;
use crate::artefact::Artefact;
use crate::engine::EngineError;
use crate::identity::target;
use crate::log::escaped;
use crate::rejection::{Problem, Rejection, code};
use crate::settings::{Codegen, compiler_config};
use crate::shape::Shape;

/// What makes code.
pub struct Compiler {
    wasmtime: wasmtime::Engine,
    target: Digest,
}

impl Compiler {
    /// A compiler for this processor.
    ///
    /// # Errors
    /// Where the processor is not known.
    pub fn new(codegen: Codegen) -> Result<Self, EngineError> {
        let config = compiler_config(codegen).map_err(EngineError::from)?;
        let wasmtime = wasmtime::Engine::new(&config).map_err(EngineError::from)?;
        let target = target(&wasmtime, codegen);
        Ok(Self { wasmtime, target })
    }

    /// Compiles a component.
    ///
    /// # Errors
    /// Where the compiler refuses it.
    pub fn compile(&self, admitted: &Admitted) -> Result<Artefact, Rejection> {
        let start = Instant::now();
        let bytes = Shape::compilable(admitted.bytes());
        let code = self.wasmtime.precompile_component(&bytes).map_err(|error| refused(&error))?;
        Ok(Artefact::new(admitted.digest(), self.target, start.elapsed(), &code))
    }
}

/// A component that the compiler does not take, in words.
pub(crate) fn refused(error: &wasmtime::Error) -> Problem {
    if error.is::<OutOfMemory>() {
        return Problem::new(code::COMPILE_LIMIT, "compiling the component takes more memory than there is");
    }
    let error = escaped(&format!("{error:#}"));
    Problem::new(code::COMPILE, format!("the component does not compile: {error}"))
}
