//! The messages of a run: made from a fixed seed, so that server, contestants and the expected
//! totals agree without sharing anything but a name and a number.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::tally::{Kind, Tally, Totals};

/// How many tasks the messages speak of.
pub(crate) const TASKS: usize = 8;
/// Messages in one block; a longer run repeats the block.
pub(crate) const BLOCK: usize = 16_384;
/// How long the long log lines of the hard corpus are, in bytes.
const LONG_LINE: usize = 16 * 1024;

const BASE_TIME: i64 = 1_732_000_000_000;
const STAGES: [&str; 4] = ["prepare", "train", "validate", "export"];
const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Corpus {
    /// ASCII without escapes, 192 bytes in the mean: 80 % progress, 18 % log, 2 % status.
    Plain,
    /// The same kinds with escapes, non-ASCII text, unknown fields, other key orders, white space
    /// and log lines of 16 KB.
    Hard,
    /// The plain corpus' progress messages alone.
    Progress,
}

/// One message: its typed fields and its JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) task: String,
    stage: &'static str,
    progress: f64,
    level: u8,
    message: String,
    timestamp: i64,
    /// `metadata` of a log, `data` of a status or complete.
    raw: Option<String>,
    pub(crate) text: String,
}

/// The names of the tasks.
pub(crate) fn task_names(corpus: Corpus) -> Vec<String> {
    (0..TASKS)
        .map(|index| match corpus {
            Corpus::Plain | Corpus::Progress => format!("run-7f3a{index:02}"),
            Corpus::Hard => format!("entraînement-{index}"),
        })
        .collect()
}

/// The block of messages that a run repeats.
pub(crate) fn block(corpus: Corpus) -> Vec<Item> {
    let names = task_names(corpus);
    let mut random = SplitMix(0x5eed);
    (0..BLOCK).map(|index| item(corpus, &names, index, &mut random)).collect()
}

/// The messages that end a run: one `complete` per task.
pub(crate) fn endings(corpus: Corpus) -> Vec<Item> {
    let timestamp = BASE_TIME + BLOCK as i64;
    task_names(corpus)
        .into_iter()
        .map(|task| {
            let data = format!(r#"{{"taskId":"{task}","result":{{"accuracy":0.93,"files":["model.bin"]}}}}"#);
            let text = envelope("complete", &task, timestamp, &data);
            Item {
                kind: Kind::Complete,
                task,
                stage: "",
                progress: 0.0,
                level: 0,
                message: String::new(),
                timestamp,
                raw: Some(data),
                text,
            }
        })
        .collect()
}

/// What a contestant must have counted after `events` messages and the endings.
pub(crate) fn expected(corpus: Corpus, events: u64) -> Totals {
    let tally = Tally::default();
    let block = block(corpus);
    for item in block.iter().cycle().take(usize::try_from(events).unwrap_or(usize::MAX)) {
        item.count(&tally);
    }
    for item in endings(corpus) {
        item.count(&tally);
    }
    tally.totals()
}

impl Item {
    fn count(&self, tally: &Tally) {
        let raw = self.raw.as_deref();
        match self.kind {
            Kind::Progress => {
                tally.progress(&self.task, self.stage, self.progress, &self.message, self.timestamp);
            }
            Kind::Log => tally.log(&self.task, self.level, &self.message, self.timestamp, raw),
            Kind::Status => tally.status(&self.task, raw.unwrap_or("null"), self.timestamp),
            Kind::Complete => {
                tally.complete(&self.task, raw.unwrap_or("null"), self.timestamp);
            }
        }
    }
}

fn item(corpus: Corpus, names: &[String], index: usize, random: &mut SplitMix) -> Item {
    let task = names[random.below(TASKS)].clone();
    let timestamp = BASE_TIME + index as i64;
    let kind = match random.below(100) {
        _ if corpus == Corpus::Progress => Kind::Progress,
        0..80 => Kind::Progress,
        80..98 => Kind::Log,
        _ => Kind::Status,
    };
    let mut item = Item {
        kind,
        task,
        stage: STAGES[random.below(STAGES.len())],
        progress: random.below(10_001) as f64 / 100.0,
        level: random.below(LEVELS.len()) as u8,
        message: String::new(),
        timestamp,
        raw: None,
        text: String::new(),
    };
    match corpus {
        Corpus::Plain | Corpus::Progress => plain(&mut item, random),
        Corpus::Hard => hard(&mut item, random),
    }
    item
}

fn plain(item: &mut Item, random: &mut SplitMix) {
    let (task, time) = (&item.task, item.timestamp);
    let data = match item.kind {
        Kind::Progress => {
            item.message = format!("epoch {}, step {}", random.below(40), random.below(9_000));
            format!(
                r#"{{"taskId":"{task}","stage":"{}","progress":{},"message":"{}","timestamp":{time}}}"#,
                item.stage, item.progress, item.message
            )
        }
        Kind::Log => {
            item.message = format!("batch {} took {} ms", random.below(90_000), random.below(900));
            let metadata = format!(r#"{{"loss":0.{},"host":"gpu-{}"}}"#, random.below(9_999), random.below(16));
            let data = format!(
                r#"{{"taskId":"{task}","level":"{}","message":"{}","timestamp":{time},"metadata":{metadata}}}"#,
                LEVELS[usize::from(item.level)],
                item.message
            );
            item.raw = Some(metadata);
            data
        }
        Kind::Status | Kind::Complete => {
            let data = format!(
                r#"{{"taskId":"{task}","status":"running","workers":{},"queue":{},"note":"all well"}}"#,
                random.below(16),
                random.below(500)
            );
            item.raw = Some(data.clone());
            data
        }
    };
    let kind = ["progress", "log", "status", "complete"][item.kind as usize];
    item.text = envelope(kind, task, time, &data);
}

fn hard(item: &mut Item, random: &mut SplitMix) {
    let (task, time) = (item.task.clone(), item.timestamp);
    item.message = hard_message(item.kind, random);
    let message = quoted(&item.message, random.below(3) == 0);
    let unknown = match random.below(3) {
        0 => String::new(),
        1 => r#""host":"gpu-7","pid":4711,"#.to_owned(),
        _ => format!(
            r#""trace":{{"id":"{:016x}","parent":null,"baggage":[1,-2.5e3,true,"a\"b",{{"deep":[[]]}}]}},"#,
            random.next()
        ),
    };
    let data = match item.kind {
        Kind::Progress if random.below(2) == 0 => format!(
            r#"{{{unknown}"message":{message},"timestamp":{time},"progress":{},"stage":"{}","taskId":"{task}"}}"#,
            item.progress, item.stage
        ),
        Kind::Progress => format!(
            r#"{{ "taskId": "{task}", "stage": "{}", {unknown} "progress": {:.1}, "message": {message}, "timestamp": {time} }}"#,
            item.stage,
            // One digit, so that the printed number is the number.
            {
                item.progress = item.progress.floor();
                item.progress
            }
        ),
        Kind::Log => {
            let metadata = format!(r#"{{"путь":"/tmp/\u0061","n":[{}, 2 ,3]}}"#, random.below(999));
            let data = format!(
                r#"{{{unknown}"taskId":"{task}","message":{message},"metadata":{metadata},"level":"{}","timestamp":{time}}}"#,
                LEVELS[usize::from(item.level)]
            );
            item.raw = Some(metadata);
            data
        }
        Kind::Status | Kind::Complete => {
            let data = format!(r#"{{{unknown}"taskId":"{task}","status":"running","note":{message}}}"#);
            item.raw = Some(data.clone());
            data
        }
    };
    let kind = ["progress", "log", "status", "complete"][item.kind as usize];
    item.text = if random.below(4) == 0 {
        format!(r#"{{"timestamp":{time},{unknown}"taskId":"{task}","type":"{kind}","data":{data}}}"#)
    } else {
        envelope(kind, &task, time, &data)
    };
}

fn hard_message(kind: Kind, random: &mut SplitMix) -> String {
    if kind == Kind::Log && random.below(32) == 0 {
        let line = "loss=0.25 \"läuft\" C:\\tmp\n";
        return line.repeat(LONG_LINE / line.len());
    }
    let number = random.below(9_000);
    match random.below(4) {
        0 => format!("step {number} of \"resnet\\50\"\n\tline two"),
        1 => format!("Schritt {number}: läuft, 進捗は良好"),
        2 => format!("étape {number} 🚀 \"ok\"\r\n"),
        _ => format!("epoch {number} of 40, all well"),
    }
}

fn envelope(kind: &str, task: &str, time: i64, data: &str) -> String {
    format!(r#"{{"type":"{kind}","taskId":"{task}","timestamp":{time},"data":{data}}}"#)
}

/// A JSON string; with `ascii`, everything beyond ASCII as `\u` escapes.
fn quoted(text: &str, ascii: bool) -> String {
    let json = serde_json::to_string(text).expect("a str is always a JSON string");
    if !ascii {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").expect("writing to a String does not fail");
            }
        }
    }
    escaped
}

/// SplitMix64: small, fast, the same everywhere.
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[test]
    fn the_plain_corpus_has_the_size_and_the_mix_that_is_claimed() {
        let block = block(Corpus::Plain);
        let mean = block.iter().map(|item| item.text.len()).sum::<usize>() / block.len();
        assert!((190..=194).contains(&mean), "{mean} bytes");
        let share = |kind| 100 * block.iter().filter(|item| item.kind == kind).count() / block.len();
        assert!((79..=81).contains(&share(Kind::Progress)));
        assert!((17..=19).contains(&share(Kind::Log)));
        assert!(block.iter().all(|item| item.text.is_ascii() && !item.text.contains('\\')));
    }

    #[test]
    fn the_hard_corpus_is_hard() {
        let block = block(Corpus::Hard);
        assert!(block.iter().any(|item| item.text.len() > LONG_LINE));
        assert!(block.iter().any(|item| item.text.contains("\\ud83d")));
        assert!(block.iter().any(|item| item.text.contains("進捗")));
        assert!(block.iter().any(|item| item.text.contains("\"baggage\"")));
    }

    #[test]
    fn the_texts_say_what_the_typed_fields_say() {
        for corpus in [Corpus::Plain, Corpus::Hard] {
            let tally = Tally::default();
            for item in block(corpus).iter().chain(&endings(corpus)) {
                parse(&item.text).expect("the corpus is valid").count(&tally);
            }
            assert_eq!(tally.totals(), expected(corpus, BLOCK as u64));
        }
    }
}
