//! Keeps what was shown to a server out of what the server says: it may quote a token in its refusal.

use std::borrow::Cow;

/// Shorter values are too likely to be a part of something else.
const MIN_LENGTH: usize = 6;

/// What must not be told.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets: Vec<String> =
            values.into_iter().filter(|value| value.len() >= MIN_LENGTH).map(str::to_owned).collect();
        // One may be a part of another: "Bearer x" of "x".
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The text without them.
    pub(super) fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut scrubbed = Cow::Borrowed(text);
        for secret in &self.0 {
            if scrubbed.contains(secret.as_str()) {
                scrubbed = Cow::Owned(scrubbed.replace(secret.as_str(), "<redacted>"));
            }
        }
        scrubbed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        let secrets = Secrets::new(["hunter2", "Bearer hunter2", "short"]);
        assert_eq!(secrets.scrub("no: Bearer hunter2, hunter2; short"), "no: <redacted>, <redacted>; short");
        assert!(matches!(secrets.scrub("nothing"), Cow::Borrowed("nothing")));
    }
}
