//! Texts that come again and again: task ids, stages, codes. JavaScript is told each once and then only its number.

use rustc_hash::FxHashMap;

/// How many texts are remembered; at the bound all are forgotten on both sides.
pub(crate) const MAX_NAMES: usize = 4096;

/// The longest text that is remembered, in bytes; a longer one is told each time, under the number of its place.
pub(crate) const MAX_NAME_BYTES: usize = 128;

/// The places of texts that are too long: a task id, anything else.
pub(crate) const LONG: [i32; 2] = [0, 1];

/// What has been told.
#[derive(Default)]
pub(crate) struct Names {
    known: FxHashMap<Box<str>, i32>,
    /// The one that came last, which most often comes next.
    last: [(String, i32); 2],
}

/// What JavaScript has to be told before it can read a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It knows the text.
    Known,
    /// The text belongs to the number from now on.
    New,
    /// Every other number is forgotten before that.
    Reset,
}

impl Names {
    /// The number of a text, in one of two places (0 = task id, 1 = anything else), and what has to be told first.
    pub(crate) fn number(&mut self, place: usize, text: &str) -> (i32, News) {
        let last = &mut self.last[place];
        if last.1 > 1 && last.0 == text {
            return (last.1, News::Known);
        }
        if text.len() > MAX_NAME_BYTES {
            return (LONG[place], News::New);
        }
        let (number, news) = match self.known.get(text) {
            Some(number) => (*number, News::Known),
            None => self.add(text),
        };
        let last = &mut self.last[place];
        last.0.clear();
        last.0.push_str(text);
        last.1 = number;
        (number, news)
    }

    fn add(&mut self, text: &str) -> (i32, News) {
        let mut news = News::New;
        if self.known.len() == MAX_NAMES {
            self.known.clear();
            self.last = Default::default();
            news = News::Reset;
        }
        // The bound is far below what an i32 holds.
        let number = (self.known.len() + LONG.len()) as i32;
        self.known.insert(text.into(), number);
        (number, news)
    }
}
