//! Reads with the reference and the pull parser at once.
#![allow(unreachable_pub, reason = "test files are crates of their own")]

use steadywire::protocol::*;

/// Both parsers must say the same before anybody looks at what they say.
#[track_caller]
fn read(text: &str) -> Result<Frame<'_>, Rejected> {
    let frame = parse(text);
    assert!(frame == parse_reference(text), "P-PARSE-1: {text:.500}");
    frame
}

/// It must be readable.
#[track_caller]
pub fn frame(text: &str) -> Frame<'_> {
    read(text).unwrap_or_else(|error| panic!("{error}: {text:.500}"))
}

/// It must not be readable.
#[track_caller]
pub fn rejected(text: &str) {
    assert!(read(text).is_err(), "{text}");
}
