//! Scripts as files, and those that are there by name.

use serde_json::Value;

use crate::script::Script;

/// A script that is there by name.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Its name.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

/// All of them.
pub const READY: &[Ready] = &[
    Ready { name: "flaky-wifi", text: include_str!("../scripts/flaky-wifi.json") },
    Ready { name: "half-open", text: include_str!("../scripts/half-open.json") },
    Ready { name: "crash-loop", text: include_str!("../scripts/crash-loop.json") },
    Ready { name: "busy-server", text: include_str!("../scripts/busy-server.json") },
    Ready { name: "deploy", text: include_str!("../scripts/deploy.json") },
    Ready { name: "moved", text: include_str!("../scripts/moved.json") },
    Ready { name: "lossy-replay", text: include_str!("../scripts/lossy-replay.json") },
    Ready { name: "nonsense", text: include_str!("../scripts/nonsense.json") },
    Ready { name: "broken-frames", text: include_str!("../scripts/broken-frames.json") },
    Ready { name: "huge-message", text: include_str!("../scripts/huge-message.json") },
];

/// What a file holds: a script alone (a list), or an object with it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it shows and what a right client does; may be empty.
    pub about: String,
    /// What the scripted server does.
    pub script: Script,
}

impl Loaded {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is no JSON (line and column), or what in it cannot be understood.
    pub fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Value::Object(map) = &value else {
            return Ok(Self { about: String::new(), script: Script::from_json(&value)? });
        };
        if let Some(other) = map.keys().find(|key| !["about", "server"].contains(&key.as_str())) {
            return Err(format!("nothing is called {other} here; known are about, server"));
        }
        let about = map.get("about").and_then(Value::as_str).unwrap_or_default().to_owned();
        let script = Script::from_json(map.get("server").ok_or("a script has a list called server")?)?;
        Ok(Self { about, script })
    }
}

impl Ready {
    /// The one of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        READY.iter().find(|ready| ready.name == name)
    }
}
