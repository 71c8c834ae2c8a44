//! How often somebody may do something: a bucket of one second for each.
//!
//! Promises a bounded memory whoever asks, and that who waits a second may go on. The time is a
//! parameter.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::limits::PACED_MAX;

/// What is left of somebody's second.
struct Bucket {
    left: f64,
    seen: Instant,
}

/// The buckets of all.
pub struct Pace {
    rate: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Pace {
    /// So many a second for each.
    pub fn new(rate: u32) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// So many a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes one; false where none is left.
    pub fn take(&self, who: &str, now: Instant) -> bool {
        let most = f64::from(self.rate);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= PACED_MAX && !buckets.contains_key(who) {
            // Who has not come for a second has a full bucket, which need not be kept.
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.seen).as_secs_f64() < 1.0);
            if buckets.len() >= PACED_MAX {
                return false;
            }
        }
        let bucket = buckets.entry(who.to_owned()).or_insert(Bucket { left: most, seen: now });
        let since = now.saturating_duration_since(bucket.seen).as_secs_f64();
        bucket.left = (bucket.left + since * most).min(most);
        bucket.seen = now;
        if bucket.left < 1.0 {
            return false;
        }
        bucket.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_has_a_second_of_its_own() {
        let (pace, now) = (Pace::new(3), Instant::now());
        let taken: Vec<bool> = (0..4).map(|_| pace.take("ada", now)).collect();
        assert_eq!(taken, [true, true, true, false]);
        assert!(pace.take("bob", now), "somebody else's is full");
        assert!(pace.take("ada", now + Duration::from_millis(340)), "a third of a second is one of three");
        assert!(!pace.take("ada", now + Duration::from_millis(341)));
    }

    #[test]
    fn buckets_are_bounded_and_full_ones_are_forgotten() {
        let (pace, now) = (Pace::new(1), Instant::now());
        (0..PACED_MAX).for_each(|number| assert!(pace.take(&number.to_string(), now)));
        assert!(!pace.take("one more", now));
        assert!(pace.take("one more", now + Duration::from_secs(2)));
        assert_eq!(pace.buckets.lock().expect("no panic").len(), 1);
    }
}
