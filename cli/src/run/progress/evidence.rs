//! What on a line speaks for and against a number being progress.

use super::number::Number;

/// Words beside a fraction that make it a count: `Step 3/4`, `3/4 tests`.
const COUNTING: &[&str] = &[
    "step",
    "steps",
    "test",
    "tests",
    "passed",
    "file",
    "files",
    "task",
    "tasks",
    "layer",
    "layers",
    "stage",
    "stages",
    "chunk",
    "chunks",
    "batch",
    "batches",
    "epoch",
    "epochs",
    "part",
    "parts",
    "item",
    "items",
    "module",
    "modules",
    "package",
    "packages",
    "crate",
    "crates",
    "object",
    "objects",
    "page",
    "pages",
    "iteration",
    "iterations",
    "iter",
    "round",
    "rounds",
    "job",
    "jobs",
    "phase",
    "frame",
    "frames",
    "row",
    "rows",
    "record",
    "records",
    "image",
    "images",
    "block",
    "blocks",
    "worker",
    "workers",
    "shard",
    "shards",
    "building",
    "compiling",
    "downloading",
    "processing",
    "processed",
    "running",
    "copying",
    "copied",
    "fetching",
    "fetched",
    "installing",
    "installed",
    "extracting",
    "uploading",
    "uploaded",
    "checking",
    "linking",
    "unpacking",
    "migrating",
    "migration",
    "migrations",
    "progress",
    "done",
    "complete",
    "completed",
    "finished",
    "remaining",
    "of",
];

/// Words before a fraction that make it a date.
const DATING: &[&str] = &[
    "on",
    "since",
    "until",
    "date",
    "dated",
    "by",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "born",
    "released",
    "due",
];

/// Words after a percentage that make it a measurement of something else.
const COMPARING: &[&str] = &[
    "packet",
    "loss",
    "faster",
    "slower",
    "more",
    "less",
    "smaller",
    "larger",
    "bigger",
    "fewer",
    "higher",
    "lower",
    "better",
    "worse",
    "off",
    "improvement",
    "coverage",
    "covered",
    "idle",
    "reduction",
    "increase",
    "decrease",
];

/// What bars are drawn with besides ASCII.
pub(super) const BAR_GLYPHS: &[char] =
    &['━', '╸', '╺', '█', '▉', '▊', '▋', '▌', '▍', '▎', '▏', '▓', '▒', '░', '■', '□', '▰', '▱', '⣿', '─'];

/// The text behind a percentage says that it compares or measures.
pub(super) fn compares(after: &str) -> bool {
    COMPARING.contains(&word_after(after).as_str())
}

/// Nothing is glued to the fraction that makes it a path, a date, an address or a range.
pub(super) fn stands_alone(line: &str, start: usize, end: usize) -> bool {
    let mut before = line[..start].chars().rev();
    let free_before = match before.next() {
        None | Some(' ' | '\t' | '|') => true,
        // `name[1/2]` and `f(1/2)` are part of a name.
        Some('[' | '(' | '{') => !before.next().is_some_and(|c| c.is_alphanumeric() || c == '_'),
        // `Progress:12/80` and `epoch=3/10`, but no address and no time; rsync's to-chk counts down.
        Some(':' | '=') => {
            let name: String = before.take_while(|c| !c.is_whitespace() && !"([,;".contains(*c)).collect();
            !name.is_empty() && name.chars().all(|c| c.is_alphabetic() || c == '_')
        }
        Some(c) => !c.is_ascii() && !c.is_alphanumeric(),
    };
    let mut after = line[end..].chars();
    let free_after = match after.next() {
        None | Some(' ' | '\t' | '|' | ']' | ')' | '}' | ';' | '!') => true,
        // The end of a sentence, but no name and no number that goes on.
        Some('.') => !after.next().is_some_and(|c| c.is_alphanumeric() || c == '/' || c == '\\'),
        Some(':' | ',' | '…') => !after.next().is_some_and(|c| c.is_ascii_digit() || c == '/' || c == '\\'),
        Some(c) => !c.is_ascii() && !c.is_alphanumeric(),
    };
    free_before && free_after && !has_time_behind(&line[end..])
}

/// The fraction tells how something ended: wget's `saved [1024/1024]`.
pub(super) fn is_result(line: &str, start: usize) -> bool {
    word_before(&line[..start]) == "saved"
}

/// A day and a month, or a month and a year.
pub(super) fn may_be_date(first: &Number, second: &Number) -> bool {
    let (a, b) = (first.value, second.value);
    let month = |value: f64| (1.0..=12.0).contains(&value);
    let day = |value: f64| (1.0..=31.0).contains(&value);
    let year = |value: f64| (1900.0..=2199.0).contains(&value);
    (month(a) && day(b)) || (day(a) && month(b)) || (month(a) && year(b))
}

/// The line shows that the fraction at `start..end` counts something.
pub(super) fn counts(line: &str, start: usize, end: usize) -> bool {
    let before = word_before(&line[..start]);
    if DATING.contains(&before.as_str()) {
        return false;
    }
    let opened = line[..start].trim_end().ends_with(['[', '(', '{', '|']);
    let closed = line[end..].trim_start().starts_with([']', ')', '}', '|']);
    closed && (opened || line[..start].contains('['))
        || has_bar(line)
        || COUNTING.contains(&before.as_str())
        || COUNTING.contains(&word_after(&line[end..]).as_str())
}

/// The line has a bar drawn on it.
pub(super) fn has_bar(line: &str) -> bool {
    if line.contains("####") || line.matches(BAR_GLYPHS).count() >= 3 {
        return true;
    }
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        rest = &rest[open + 1..];
        if let Some(close) = rest.find(']') {
            let inside = &rest[..close];
            if inside.len() >= 4 && inside.chars().all(|c| "=#>-.*+ oO".contains(c)) {
                return true;
            }
        }
    }
    false
}

/// `12:03` or `12:03:04` is the next thing behind.
fn has_time_behind(after: &str) -> bool {
    let token = after.trim_start_matches([' ', ',', ']']);
    let hours = token.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&hours)
        && token.as_bytes().get(hours) == Some(&b':')
        && token[hours + 1..].bytes().take_while(u8::is_ascii_digit).count() == 2
}

/// The word right before, in lower case, across brackets, colons and the like.
fn word_before(text: &str) -> String {
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let start = text
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    text[start..].to_lowercase()
}

/// The word right behind, in lower case.
fn word_after(text: &str) -> String {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || ":)],|".contains(c));
    text.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase()
}
