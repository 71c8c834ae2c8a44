//! The name that somebody meant: the nearest of a few known ones, if any is near. It knows nothing
//! of what the names stand for.

/// The known name nearest to `word`, if at most a third of it differs.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    let near = known.iter().map(|name| (distance(&word, name), *name)).min()?;
    let allowed = (near.1.len().max(word.chars().count()) / 3).max(1);
    (near.0 <= allowed).then_some(near.1)
}

/// Edits between two words: insertions, deletions, replacements, and neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_finds_its_word_and_another_word_does_not() {
        let known = ["description", "name", "tags", "edited_voxels"];
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("nam", &known), Some("name"));
        assert_eq!(nearest("descripton", &known), Some("description"));
        assert_eq!(nearest("edited-voxels", &known), Some("edited_voxels"));
        assert_eq!(nearest("fireball", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
