//! The components that calls may name, by digest.
//!
//! Does not know spells, revisions or channels: those name digests.

use std::collections::{BTreeMap, BTreeSet};

use spellhost_sim::{Digest, World};

use crate::component::Component;

/// Components by digest.
#[derive(Clone, Debug, Default)]
pub struct Library {
    components: BTreeMap<Digest, Component>,
}

impl Library {
    /// An empty library.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component; one of equal digest is the same component.
    pub fn insert(&mut self, component: Component) {
        self.components.insert(component.digest(), component);
    }

    /// Has calls that name `digest` run another component: another build of a spell, to be compared.
    pub fn insert_as(&mut self, digest: Digest, component: Component) {
        self.components.insert(digest, component);
    }

    /// The component with this digest.
    pub fn get(&self, digest: &Digest) -> Option<&Component> {
        self.components.get(digest)
    }

    /// Forgets a component; calls that name it end as `limit(host)`.
    pub fn remove(&mut self, digest: &Digest) -> Option<Component> {
        self.components.remove(digest)
    }

    /// Forgets what neither the world nor `others` name: what a swap left behind. `others` are those
    /// that may be cast next.
    pub fn retain(&mut self, world: &World, others: &[Digest]) {
        let named: BTreeSet<Digest> = world.components().chain(others.iter().copied()).collect();
        self.components.retain(|digest, _| named.contains(digest));
    }

    /// How many components there are.
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }
}
