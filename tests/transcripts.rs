//! The command line as transcripts: `cli/*.trycmd`, what is typed and what is shown.
//!
//! `TRYCMD=overwrite` writes what is shown now; then `[..]` goes back where times and digests stand.

use crate::binary::path;

#[test]
fn what_is_typed_and_what_is_shown() {
    trycmd::TestCases::new()
        .register_bin("spellhost", path())
        .env("NO_COLOR", "1")
        .env("CI", "1")
        .case("cli/*.trycmd")
        .timeout(std::time::Duration::from_secs(300));
}
