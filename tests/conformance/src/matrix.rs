//! All scenarios in all languages, and whether they are alike.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::driver::Driver;
use crate::log::{difference, without_the_platforms_words};
use crate::play::play;
use crate::scenario::{Platform, Scenario};

/// What a scenario gave in one language: the log, or what was wrong.
pub type Outcome = Result<Vec<Value>, String>;

/// One language.
#[derive(Clone, Debug)]
pub struct Language {
    /// What it is called.
    pub name: String,
    /// Its driver, and the arguments for that.
    pub command: Vec<String>,
    /// What it runs on.
    pub platform: Platform,
}

/// A scenario in a row, a language in a column.
#[derive(Debug, Default)]
pub struct Matrix {
    languages: Vec<Language>,
    scenarios: Vec<Scenario>,
    columns: Vec<BTreeMap<String, Outcome>>,
}

impl Matrix {
    /// Plays every scenario in every language, the languages at the same time.
    ///
    /// # Panics
    /// If playing does.
    pub async fn play(languages: Vec<Language>, scenarios: Vec<Scenario>) -> Self {
        let local = tokio::task::LocalSet::new();
        let play = |language: &Language| local.spawn_local(column(language.clone(), scenarios.clone()));
        let running: Vec<_> = languages.iter().map(play).collect();
        let mut matrix = Self { languages, scenarios, columns: Vec::new() };
        local
            .run_until(async {
                for column in running {
                    matrix.columns.push(column.await.expect("a language is played to its end"));
                }
            })
            .await;
        matrix
    }

    /// Writes each log, or what was wrong, into `folder/LANGUAGE/SCENARIO.jsonl`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        for (language, column) in self.languages.iter().zip(&self.columns) {
            let folder = folder.join(&language.name);
            fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            for (name, outcome) in column {
                let text = match outcome {
                    Ok(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
                    Err(problem) => format!("{problem}\n"),
                };
                let file = folder.join(format!("{name}.jsonl"));
                fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            }
        }
        Ok(())
    }

    /// Says what is wrong: what did not go as its scenario says, and each log that is not the one of the first language
    /// in which all went well. A cell that was found wrong is so from then on.
    pub fn judge(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        for scenario in &self.scenarios {
            let name = &scenario.name;
            for (index, language) in self.languages.iter().enumerate() {
                if let Some(problem) = self.problem(scenario, index) {
                    failures.push(format!("{}: {name} in {}: {problem}", scenario.file, language.name));
                    self.columns[index].insert(name.clone(), Err(problem));
                }
            }
        }
        failures
    }

    /// How many there are of scenarios in a language.
    pub fn cells(&self) -> usize {
        self.scenarios.len() * self.languages.len()
    }

    fn problem(&self, scenario: &Scenario, index: usize) -> Option<String> {
        let outcome = |index: usize| self.columns[index].get(&scenario.name);
        let platform = self.languages[index].platform;
        let comparable = |first: &usize| {
            let alike = self.languages[*first].platform == platform || !scenario.is_seen_differently_on_the_web();
            alike && matches!(outcome(*first), Some(Ok(_)))
        };
        let found = match outcome(index) {
            Some(Ok(found)) => found,
            Some(Err(problem)) => return Some(problem.clone()),
            None => return Some("it was not played".to_owned()),
        };
        let first = (0..index).find(comparable)?;
        let wanted = outcome(first)?.as_ref().ok()?;
        let lines = match platform {
            Platform::Native => difference(wanted, found),
            Platform::Web => difference(&without_the_platforms_words(wanted), &without_the_platforms_words(found)),
        };
        lines.map(|lines| format!("not as in {}: {lines}", self.languages[first].name))
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or_default();
        let heads: Vec<&str> = self.languages.iter().map(|language| language.name.as_str()).collect();
        writeln!(f, "{:width$}  {}", "", heads.join("  "))?;
        for Scenario { name, .. } in &self.scenarios {
            let cells = self.languages.iter().zip(&self.columns).map(|(language, column)| {
                let word = if matches!(column.get(name), Some(Ok(_))) { "ok" } else { "FAIL" };
                format!("{word:wide$}", wide = language.name.len())
            });
            writeln!(f, "{name:width$}  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Plays every scenario in one language. A driver with which something went wrong is not used again.
async fn column(language: Language, scenarios: Vec<Scenario>) -> BTreeMap<String, Outcome> {
    let mut column = BTreeMap::new();
    let mut driver = None;
    for scenario in scenarios {
        let started = driver.take().map_or_else(|| Driver::start(&language.command), Ok);
        let outcome = match started {
            Ok(mut using) => {
                let played = play(&scenario.on(language.platform), &mut using).await;
                driver = played.is_ok().then_some(using);
                played.map(|log| log.normalised())
            }
            Err(problem) => Err(problem),
        };
        column.insert(scenario.name, outcome);
    }
    column
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn matrix(vector: &Value, logs: &[(Platform, Outcome)]) -> Matrix {
        let vector: Map<String, Value> = vector.as_object().cloned().unwrap_or_default();
        let language = |(index, (platform, _)): (usize, &(Platform, Outcome))| Language {
            name: format!("l{index}"),
            command: Vec::new(),
            platform: *platform,
        };
        Matrix {
            languages: logs.iter().enumerate().map(language).collect(),
            scenarios: vec![Scenario { name: "e2e-x".into(), file: "e2e-x.json".into(), vector }],
            columns: logs.iter().map(|(_, log)| BTreeMap::from([("e2e-x".to_owned(), log.clone())])).collect(),
        }
    }

    fn log(reason: &str) -> Outcome {
        Ok(vec![json!({ "event": "stateChange", "reason": reason })])
    }

    #[test]
    fn what_no_vector_lists_must_be_alike_too() {
        let native = |reason: &str| (Platform::Native, log(reason));
        let web = |reason: &str| (Platform::Web, log(reason));
        let good = [native("no connection to x; the client stops"), web("no connection to y; the client stops")];
        assert_eq!(matrix(&json!({}), &good).judge(), Vec::<String>::new());
        for bad in [
            [native("the link is up"), native("up")],
            [native("no connection to x"), native("no connection to y")],
            [web("no connection to x; the client stops"), web("no connection to x")],
            [native("no connection to x; the client stops"), web("no connection to x")],
        ] {
            let mut matrix = matrix(&json!({}), &bad);
            assert!(matrix.judge()[0].contains("e2e-x in l1: not as in l0: line 1"));
            assert!(matrix.to_string().ends_with("e2e-x  ok  FAIL\n"), "{matrix}");
        }
    }

    #[test]
    fn what_the_web_sees_differently_is_compared_with_the_web_alone() {
        let logs = [(Platform::Native, log("a")), (Platform::Web, log("b")), (Platform::Web, log("c"))];
        let failures = matrix(&json!({ "web": { "events": [] } }), &logs).judge();
        assert_eq!(failures.len(), 1);
        assert!(failures[0].contains("in l2: not as in l1"), "{failures:?}");
        assert_eq!(matrix(&json!({ "web": { "server": [] } }), &logs).judge().len(), 2);
    }

    #[test]
    fn what_failed_is_no_measure_for_others() {
        let logs = [(Platform::Native, Err("bad".to_owned())), (Platform::Native, log("a"))];
        assert_eq!(matrix(&json!({}), &logs).judge(), ["e2e-x.json: e2e-x in l0: bad"]);
    }
}
