//! Bytes that a guest writes, as lines.

use crate::host::Output;

/// The lines of both outputs, made as the bytes come.
#[derive(Debug, Default)]
pub struct Lines {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Lines {
    /// The most bytes of a line; a longer one comes in pieces.
    pub const LINE_BYTES_MAX: usize = 4 * 1024;

    /// Takes bytes, and gives every line that they end. What is no UTF-8 is replaced.
    pub fn write(&mut self, output: Output, bytes: &[u8], mut line: impl FnMut(&str)) {
        let held = match output {
            Output::Stdout => &mut self.stdout,
            Output::Stderr => &mut self.stderr,
        };
        for byte in bytes {
            if *byte != b'\n' {
                held.push(*byte);
            }
            if *byte == b'\n' || held.len() >= Self::LINE_BYTES_MAX {
                line(&String::from_utf8_lossy(held));
                held.clear();
            }
        }
    }

    /// Gives what no line end came after.
    pub fn finish(self, mut line: impl FnMut(Output, &str)) {
        for (output, held) in [(Output::Stdout, self.stdout), (Output::Stderr, self.stderr)] {
            if !held.is_empty() {
                line(output, &String::from_utf8_lossy(&held));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Output};

    fn written(pieces: &[(Output, &[u8])]) -> Vec<(Output, String)> {
        let (mut lines, mut told) = (Lines::default(), Vec::new());
        for (output, bytes) in pieces {
            lines.write(*output, bytes, |line| told.push((*output, line.to_owned())));
        }
        lines.finish(|output, line| told.push((output, line.to_owned())));
        told
    }

    #[test]
    fn lines_end_at_line_ends_and_the_rest_comes_last() {
        use Output::{Stderr, Stdout};
        let told = written(&[(Stdout, b"on"), (Stderr, b"b\xffd\n"), (Stdout, b"e\n\ntwo")]);
        let line = |output, text: &str| (output, text.to_owned());
        assert_eq!(
            told,
            [line(Stderr, "b\u{fffd}d"), line(Stdout, "one"), line(Stdout, ""), line(Stdout, "two")]
        );
    }

    #[test]
    fn a_line_without_an_end_holds_no_memory() {
        let long = vec![b'x'; Lines::LINE_BYTES_MAX + 1];
        let lengths = written(&[(Output::Stdout, &long)]).into_iter().map(|(_, line)| line.len());
        assert_eq!(lengths.collect::<Vec<_>>(), [Lines::LINE_BYTES_MAX, 1]);
    }
}
