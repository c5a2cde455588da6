//! The configuration of a client, out of JSON with the shared names.

use std::sync::Arc;

use serde_json::{Map, Value};
use steadywire::{Config, Error, ErrorKind, Provider};

use crate::questions::Questions;

/// A configuration with the options in `text`, a JSON object; where `credentials` or `classify` is set, the program
/// is asked through `questions`.
pub(crate) fn config(
    text: &str,
    credentials: bool,
    classify: bool,
    questions: &Arc<Questions>,
) -> Result<Config, Error> {
    let refused = || Error::new(ErrorKind::InvalidArgument, "options are a JSON object");
    let options: Map<String, Value> = serde_json::from_str(text).map_err(|_| refused())?;
    let mut config = Config::new("");
    for (name, value) in &options {
        config.set(name, value)?;
    }
    if credentials {
        let questions = Arc::clone(questions);
        config.credentials = Some(Provider::later(move |request| questions.ask_credentials(request)));
    }
    if classify {
        let questions = Arc::clone(questions);
        config.classify = Some(Provider::later(move |ending| questions.ask_meaning(ending)));
    }
    Ok(config)
}
