//! The `Range` header: one stretch of bytes of something whose length is known.
//!
//! Promises a stretch that lies within; what is no range, or more than one, asks for the whole, as
//! HTTP allows. Knows no body.

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Everything: several ranges, another unit, or no range at all.
    Whole,
    /// These bytes, the last one included.
    Part(usize, usize),
    /// Bytes that are not there.
    Outside,
}

/// Reads a header for a body of `length` bytes.
pub fn asked(header: &str, length: usize) -> Asked {
    let Some(set) = header.trim().strip_prefix("bytes=") else { return Asked::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Asked::Whole };
    // More digits than a number has are a number beyond every end.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(usize::MAX))
    };
    match (first, number(first), last, number(last)) {
        ("", None, _, Some(0)) => Asked::Outside,
        ("", None, _, Some(_)) if length == 0 => Asked::Outside,
        ("", None, _, Some(suffix)) => Asked::Part(length - suffix.min(length), length - 1),
        (_, Some(first), _, Some(last)) if last < first => Asked::Whole,
        (_, Some(first), _, _) if first >= length && (last.is_empty() || number(last).is_some()) => {
            Asked::Outside
        }
        (_, Some(first), "", None) => Asked::Part(first, length - 1),
        (_, Some(first), _, Some(last)) => Asked::Part(first, last.min(length - 1)),
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_everything_else_is_the_whole() {
        for (header, expected) in [
            ("bytes=0-0", Asked::Part(0, 0)),
            ("bytes=2-5", Asked::Part(2, 5)),
            ("bytes=2-", Asked::Part(2, 9)),
            ("bytes=2-99999999999999999999999", Asked::Part(2, 9)),
            ("bytes=-3", Asked::Part(7, 9)),
            ("bytes=-30", Asked::Part(0, 9)),
            ("bytes=10-", Asked::Outside),
            ("bytes=10-12", Asked::Outside),
            ("bytes=99999999999999999999999-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=12-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(header, 10), expected, "{header}");
        }
        assert_eq!([asked("bytes=0-", 0), asked("bytes=-1", 0)], [Asked::Outside; 2]);
    }
}
