//! What a process costs, as Linux tells.

use serde_json::{Value, json};

/// Resident bytes of a process; `None` where it cannot be known.
pub fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

/// Processor seconds that a process has used.
pub fn processor(pid: u32) -> Option<f64> {
    /// `USER_HZ`, which is 100 on every Linux.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let at = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((at(11)? + at(12)?) / TICKS_PER_SECOND)
}

/// A measured span: what a process used between its begin and its end.
pub struct Span {
    pid: Option<u32>,
    resident: Option<u64>,
    processor: Option<f64>,
}

impl Span {
    /// Begins.
    pub fn begin(pid: Option<u32>) -> Self {
        Self { pid, resident: pid.and_then(resident), processor: pid.and_then(processor) }
    }

    /// What was used since.
    pub fn end(&self) -> Value {
        let used = self.pid.and_then(processor).zip(self.processor).map(|(after, before)| after - before);
        json!({
            "resident_before": self.resident,
            "resident_after": self.pid.and_then(resident),
            "processor_seconds": used,
        })
    }
}
