//! The words around the number: what is going on, and what is said about it.

use super::MAX_STAGE_CHARS;
use super::evidence::BAR_GLYPHS;

/// Words of a log prefix, which name no stage.
const NOISE: &[&str] = &["INFO", "DEBUG", "WARN", "WARNING", "ERROR", "TRACE", "NOTICE"];

/// The words before `at`, or nothing when they are long or not words.
pub(super) fn before(line: &str, at: usize) -> String {
    let mut text = &line[..at];
    // A bar between the words and the number: `Building [===>   ] 12/80`.
    if let Some(open) = text.rfind('[') {
        let inside = &text[open + 1..];
        if inside.contains(']') && !inside.chars().any(char::is_alphanumeric) {
            text = &text[..open];
        }
    }
    let words: Vec<&str> = text.split_whitespace().map(trim).collect();
    let is_name = |word: &&str| has_letters(word) && !NOISE.contains(word);
    let Some(first) = words.iter().position(is_name) else { return String::new() };
    // A number behind the words belongs to them: `Epoch 1: 42%`.
    let last = words
        .iter()
        .rposition(|word| is_name(word) || (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())))
        .unwrap_or(first);
    let stage = words[first..=last].iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ");
    if stage.chars().count() <= MAX_STAGE_CHARS { stage } else { String::new() }
}

/// What stands behind `end`, without the bar in between.
pub(super) fn behind(line: &str, end: usize) -> String {
    let is_bar = |c: char| c.is_whitespace() || "[]{}|=#>-.*+:,;%…".contains(c) || BAR_GLYPHS.contains(&c);
    line[end..].trim_start_matches(is_bar).trim_end().to_owned()
}

fn trim(word: &str) -> &str {
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    // A closing bracket stays with the opening one: `test_x[1/2]`.
    let closes = |c| matches!((c, word.contains('('), word.contains('[')), (')', true, _) | (']', _, true));
    word.trim_end_matches(|c: char| !c.is_alphanumeric() && !closes(c))
}

/// Two letters in a row: a word, not a unit or a mark such as `F` among dots.
fn has_letters(word: &str) -> bool {
    let mut run = 0;
    word.chars().any(|c| {
        run = if c.is_alphabetic() { run + 1 } else { 0 };
        run >= 2
    })
}
