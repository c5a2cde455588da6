//! Frames that are nearly right: each choice is a byte.

use super::bytes::Bytes;

/// Deeper is not needed: the parser's own bound on nesting has tests of its own.
const MAX_DEPTH: u32 = 4;

/// Enough for every shape; what is longer only slows the fuzzer down.
const MAX_LENGTH: usize = 4096;

const TYPES: [&str; 8] = ["progress", "log", "status", "complete", "error", "heartbeat", "custom", "Progress"];
const ACTIONS: [&str; 10] =
    ["hello", "subscribe", "unsubscribe", "subscribed", "query", "state", "ack", "publish", "other", "Hello"];
const WORDS: [&str; 21] = [
    "t",
    "t0",
    "",
    "e1",
    "running",
    "done",
    "error",
    "complete",
    "unknown",
    "FAILED",
    "info",
    "WARN",
    "fatal",
    "resume",
    "ack",
    "batch",
    "query",
    "heartbeat",
    "publish",
    "cancelled",
    "é",
];
const ESCAPES: [&str; 16] = [
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\u0000",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\ude00",
    "\\uD800\\uDBFF",
    "\\u12g4",
    "\\x",
    "\u{1}",
    "\u{2028}",
    "😀",
];
const NUMBERS: [&str; 24] = [
    "0",
    "1",
    "2",
    "3",
    "100",
    "-1",
    "-0",
    "42.5",
    "41.0",
    "4.1e1",
    "1e-7",
    "1E+21",
    "9007199254740991",
    "9007199254740992",
    "1e999",
    "-1e999",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "1732000000123.9",
    "0.1e1",
    "5e-324",
];
const ODDITIES: [&str; 12] =
    ["null", "true", "false", "[]", "{}", "", "nul", "tru e", "'a'", "[1,]", "{\"a\"}", "[[[]]]"];
const KEYS: [&str; 30] = [
    "type",
    "taskId",
    "timestamp",
    "data",
    "seq",
    "epoch",
    "covers",
    "id",
    "stage",
    "progress",
    "message",
    "level",
    "metadata",
    "action",
    "status",
    "state",
    "error",
    "code",
    "fatal",
    "received",
    "tasks",
    "since",
    "version",
    "features",
    "heartbeatInterval",
    "recovered",
    "t\\u0079pe",
    "\\u0064ata",
    "extra",
    "",
];
const DATA_KEYS: [&str; 18] = [
    "action",
    "progress",
    "message",
    "stage",
    "status",
    "state",
    "timestamp",
    "level",
    "metadata",
    "epoch",
    "seq",
    "recovered",
    "error",
    "code",
    "fatal",
    "id",
    "received",
    "tasks",
];

/// A frame in which most is as it should be.
pub(super) fn frame(bytes: &mut Bytes<'_>) -> String {
    let mut writer = Writer { bytes, out: String::new() };
    writer.frame();
    let Writer { bytes, mut out } = writer;
    // One blow to the text as a whole, now and then.
    if bytes.rarely(8) {
        let mut at = usize::from(bytes.u16()) % (out.len() + 1);
        while !out.is_char_boundary(at) {
            at -= 1;
        }
        match bytes.below(4) {
            0 => out.truncate(at),
            1 => out.insert_str(at, bytes.pick(&["\"", "\\", "{", "}", ",", ":", " ", "\n"])),
            2 => out = out[at..].to_owned(),
            _ => {
                let again = out[at..].to_owned();
                out.push_str(&again);
            }
        }
    }
    out
}

struct Writer<'a, 'b> {
    bytes: &'a mut Bytes<'b>,
    out: String,
}

impl Writer<'_, '_> {
    fn frame(&mut self) {
        self.out.push('{');
        let mut first = true;
        let from = self.bytes.below(8);
        for turn in 0..8 {
            // Rotated rather than shuffled: the type comes first or late.
            let key = KEYS[(turn + from) % 8];
            let skips =
                if matches!(key, "type" | "taskId" | "data") { self.bytes.rarely(16) } else { self.bytes.flag() };
            if !skips {
                self.member(&mut first, key);
            }
        }
        for _ in 0..self.bytes.pick(&[0, 0, 1, 2]) {
            let key = self.bytes.pick(&KEYS);
            self.member(&mut first, key);
        }
        self.out.push('}');
    }

    fn member(&mut self, first: &mut bool, key: &str) {
        if !std::mem::take(first) {
            self.out.push(',');
        }
        let space = self.bytes.pick(&["", "", "", "", " ", "\n\t", "\r"]);
        self.out.push_str(space);
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        if self.bytes.rarely(10) {
            self.anything(1);
        } else {
            self.value_of(key);
        }
    }

    /// What a reader wants of the key.
    fn value_of(&mut self, key: &str) {
        match key {
            "type" => self.word(&TYPES),
            "action" => self.word(&ACTIONS),
            "timestamp" | "seq" | "covers" | "progress" | "version" | "heartbeatInterval" => self.number(),
            "data" | "metadata" | "since" => self.object(),
            "fatal" | "received" | "recovered" => {
                let word = self.bytes.pick(&["true", "false"]);
                self.out.push_str(word);
            }
            "tasks" | "features" => self.list(),
            _ => self.string(),
        }
    }

    fn object(&mut self) {
        self.out.push('{');
        let mut first = true;
        let from = self.bytes.below(DATA_KEYS.len());
        for turn in 0..self.bytes.below(6) {
            if self.out.len() < MAX_LENGTH {
                let step = if self.bytes.rarely(4) { self.bytes.below(DATA_KEYS.len()) } else { turn };
                self.member(&mut first, DATA_KEYS[(from + step) % DATA_KEYS.len()]);
            }
        }
        if self.bytes.rarely(6) {
            let key = self.bytes.pick(&KEYS);
            // `data` in `data` would go on for ever.
            self.member(&mut first, if key == "data" { "progress" } else { key });
        }
        self.out.push('}');
    }

    fn list(&mut self) {
        self.out.push('[');
        for index in 0..self.bytes.below(4) {
            self.out.push_str(if index == 0 { "" } else { "," });
            match self.bytes.below(4) {
                0 => self.string(),
                1 => self.anything(1),
                _ => {
                    let mut first = true;
                    self.out.push('{');
                    self.member(&mut first, "taskId");
                    if self.bytes.flag() {
                        self.out.push_str(",\"since\":{");
                        let mut first = true;
                        self.member(&mut first, "epoch");
                        self.member(&mut first, "seq");
                        self.out.push('}');
                    }
                    self.out.push('}');
                }
            }
        }
        self.out.push(']');
    }

    fn word(&mut self, words: &[&str]) {
        let word = self.bytes.pick(words);
        self.out.push('"');
        self.out.push_str(word);
        self.out.push('"');
    }

    fn string(&mut self) {
        if !self.bytes.rarely(3) {
            return self.word(&WORDS);
        }
        self.out.push('"');
        for _ in 0..self.bytes.below(4) {
            if self.bytes.flag() {
                let escape = self.bytes.pick(&ESCAPES);
                self.out.push_str(escape);
            } else {
                let text = self.bytes.text();
                self.out.push_str(&text);
            }
        }
        self.out.push('"');
    }

    fn number(&mut self) {
        match self.bytes.below(4) {
            0 => self.out.push_str(&self.bytes.byte().to_string()),
            1 => {
                let value = f64::from_bits(self.bytes.u64());
                self.out.push_str(&format!("{value:e}"));
            }
            _ => {
                let number = self.bytes.pick(&NUMBERS);
                self.out.push_str(number);
            }
        }
    }

    fn anything(&mut self, depth: u32) {
        match self.bytes.below(6) {
            0 => self.string(),
            1 => self.number(),
            2 | 3 if depth < MAX_DEPTH && self.out.len() < MAX_LENGTH => {
                self.out.push('[');
                for index in 0..self.bytes.below(3) {
                    self.out.push_str(if index == 0 { "" } else { "," });
                    self.anything(depth + 1);
                }
                self.out.push(']');
            }
            4 if depth < MAX_DEPTH && self.out.len() < MAX_LENGTH => {
                self.out.push_str("{\"k\":");
                self.anything(depth + 1);
                self.out.push('}');
            }
            _ => {
                let oddity = self.bytes.pick(&ODDITIES);
                self.out.push_str(oddity);
            }
        }
    }
}
