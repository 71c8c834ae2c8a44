//! What a process costs, as Linux tells.

use serde_json::{Value, json};

/// Resident bytes of a process; `None` where it cannot be known.
pub fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

/// Processor seconds of the threads that a process has now: to the nanosecond, where the hundredths of
/// `/proc/PID/stat` are too coarse for a round of seconds. Threads that ended are not in it.
pub fn processor(pid: u32) -> Option<f64> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).unwrap_or_default();
        nanoseconds +=
            told.split_whitespace().next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
    }
    Some(nanoseconds as f64 / 1e9)
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
