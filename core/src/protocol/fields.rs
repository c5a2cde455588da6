//! Picks named fields out of a JSON object and checks the grammar of all of it.

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Rejected;

/// The raw text of each named field, `None` where the object has no such key. The last of equal
/// keys counts, as in `JSON.parse`.
///
/// Values are checked for JSON's grammar and nothing else: nesting depth, lone surrogates and the
/// size of numbers do not matter until somebody reads the value.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&'static str; N],
) -> Result<[Option<&'a str>; N], Rejected> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = deserializer.deserialize_map(Picker { names }).and_then(|found| deserializer.end().map(|()| found));
    found.map_err(|error| Rejected::Json(error.to_string()))
}

struct Picker<const N: usize> {
    names: [&'static str; N],
}

impl<'de, const N: usize> Visitor<'de> for Picker<N> {
    type Value = [Option<&'de str>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(key) = map.next_key::<&'de RawValue>()? {
            let value = map.next_value::<&'de RawValue>()?.get();
            if let Some(index) = self.names.iter().position(|name| is_key(key.get(), name)) {
                found[index] = Some(value);
            }
        }
        Ok(found)
    }
}

/// Whether a quoted key spells `name`. A key that cannot be decoded is no name we know.
fn is_key(quoted: &str, name: &str) -> bool {
    if quoted.contains('\\') {
        return serde_json::from_str::<String>(quoted).is_ok_and(|key| key == name);
    }
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
}
