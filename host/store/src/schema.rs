//! The schema of rows and changes, and the way from an older one.
//!
//! A migration is a list of steps from each version to the next, over raw rows; it needs a
//! journal whose changes are all in the database, so that no old change has to be understood.
//! Knows nothing of files.

use crate::database::{Sum, weight};
use crate::error::Result;
use crate::tree::Row;

/// From the rows of one version to those of the next: none, one or several for each.
pub type Step = fn(Row) -> Result<Vec<Row>>;

/// A version, and how to get there from each before it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub version: u32,
    /// `steps[n]` leads from version n + 1 to n + 2.
    pub steps: &'static [Step],
}

/// What this version writes.
pub const CURRENT: Schema = Schema { version: 1, steps: &[] };

const _: () = assert!(CURRENT.steps.len() as u32 + 1 == CURRENT.version);

impl Schema {
    /// The rows of the version `from` as rows of this one.
    pub fn migrate(&self, rows: Vec<Row>, from: u32) -> Result<Vec<Row>> {
        let steps = self.steps.iter().skip(from.saturating_sub(1) as usize);
        steps.take(self.version.saturating_sub(from) as usize).try_fold(rows, |rows, step| {
            let stepped = rows.into_iter().map(step).collect::<Result<Vec<_>>>()?;
            Ok(stepped.into_iter().flatten().collect())
        })
    }
}

/// The sum over these rows.
pub fn sum_of(rows: &[Row]) -> Sum {
    let weights = rows.iter().filter_map(|row| Some(weight(row.tree, &row.key, row.value.as_ref()?)));
    weights.fold(0, Sum::wrapping_add)
}
