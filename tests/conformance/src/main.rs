//! `steadywire-conformance [--out FOLDER] [--only PART] [--web] NAME=COMMAND...`: plays every e2e vector in every language
//! named and prints the matrix. The status is 0 if all is green.
//!
//! A COMMAND is a driver and its arguments, parted by spaces. After `--web` come those that have only a browser's
//! WebSocket. The logs are left in FOLDER/NAME/VECTOR.jsonl.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;
use steadywire_conformance::{Driver, Platform, Scenario, all, difference, play, without_the_platforms_words};

/// What a scenario gave in one language: the log, or what was wrong.
type Outcome = Result<Vec<Value>, String>;

/// One language.
#[derive(Clone, Debug)]
struct Language {
    name: String,
    command: Vec<String>,
    platform: Platform,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\nusage: steadywire-conformance [--out FOLDER] [--only PART] [--web] NAME=COMMAND...");
            return ExitCode::from(2);
        }
    };
    let scenarios: Vec<Scenario> = all().into_iter().filter(|one| one.name.contains(&arguments.only)).collect();
    let local = tokio::task::LocalSet::new();
    let running: Vec<_> = arguments
        .languages
        .iter()
        .map(|language| local.spawn_local(run(language.clone(), scenarios.clone())))
        .collect();
    let mut columns = Vec::new();
    local
        .run_until(async {
            for column in running {
                columns.push(column.await.expect("a language is played to its end"));
            }
        })
        .await;
    let failures = judge(&arguments.languages, &scenarios, &mut columns);
    if let Some(folder) = &arguments.out
        && let Err(problem) = write(folder, &arguments.languages, &columns)
    {
        eprintln!("{problem}");
        return ExitCode::FAILURE;
    }
    print_matrix(&arguments.languages, &scenarios, &columns);
    for failure in &failures {
        println!("\n{failure}");
    }
    let cells = scenarios.len() * columns.len();
    println!("\n{} of {cells} are as they should be", cells - failures.len());
    if failures.is_empty() && cells > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays every scenario in one language. A driver with which something went wrong is not used again.
async fn run(language: Language, scenarios: Vec<Scenario>) -> BTreeMap<String, Outcome> {
    let mut column = BTreeMap::new();
    let mut driver = None;
    for scenario in scenarios {
        let mut using = match driver.take() {
            Some(driver) => driver,
            None => match Driver::start(&language.command) {
                Ok(driver) => driver,
                Err(problem) => {
                    column.insert(scenario.name, Err(problem));
                    continue;
                }
            },
        };
        let played = play(&scenario.on(language.platform), &mut using).await;
        if played.is_ok() {
            driver = Some(using);
        }
        let lines = played.map(|log| log.normalised());
        column.insert(scenario.name, match language.platform {
            Platform::Native => lines,
            Platform::Web => lines.map(|lines| without_the_platforms_words(&lines)),
        });
    }
    column
}

/// What is wrong: what did not go as its scenario says, and logs that are not those of the first language.
fn judge(languages: &[Language], scenarios: &[Scenario], columns: &mut [BTreeMap<String, Outcome>]) -> Vec<String> {
    let mut failures = Vec::new();
    for scenario in scenarios {
        let name = &scenario.name;
        for index in 0..languages.len() {
            let comparable = |first: &usize| {
                let alike = languages[*first].platform == languages[index].platform;
                (alike || !scenario.is_seen_differently_on_the_web()) && columns[*first][name].is_ok()
            };
            let problem = match (&columns[index][name], (0..index).find(comparable)) {
                (Err(problem), _) => Some(problem.clone()),
                (Ok(found), Some(first)) => {
                    let wanted = columns[first][name].as_ref().cloned().unwrap_or_default();
                    let wanted = match languages[index].platform {
                        Platform::Native => wanted,
                        Platform::Web => without_the_platforms_words(&wanted),
                    };
                    difference(&wanted, found).map(|lines| format!("not as in {}: {lines}", languages[first].name))
                }
                (Ok(_), None) => None,
            };
            if let Some(problem) = problem {
                failures.push(format!("{}: {name} in {}: {problem}", scenario.file, languages[index].name));
                columns[index].insert(name.clone(), Err(problem));
            }
        }
    }
    failures
}

fn print_matrix(languages: &[Language], scenarios: &[Scenario], columns: &[BTreeMap<String, Outcome>]) {
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or_default();
    let heads: Vec<&str> = languages.iter().map(|language| language.name.as_str()).collect();
    println!("{:width$}  {}", "", heads.join("  "));
    for Scenario { name, .. } in scenarios {
        let cells = languages.iter().zip(columns).map(|(language, column)| {
            let word = if column[name].is_ok() { "ok" } else { "FAIL" };
            format!("{word:wide$}", wide = language.name.len())
        });
        println!("{name:width$}  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn write(
    folder: &std::path::Path,
    languages: &[Language],
    columns: &[BTreeMap<String, Outcome>],
) -> Result<(), String> {
    for (language, column) in languages.iter().zip(columns) {
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

#[derive(Debug, Default)]
struct Arguments {
    languages: Vec<Language>,
    out: Option<PathBuf>,
    only: String,
}

impl Arguments {
    fn parse(mut from: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut platform = Platform::Native;
        while let Some(argument) = from.next() {
            let mut value = || from.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--out" => arguments.out = Some(value()?.into()),
                "--only" => arguments.only = value()?,
                "--web" => platform = Platform::Web,
                _ => arguments.languages.push(Language::parse(&argument, platform)?),
            }
        }
        if arguments.languages.is_empty() { Err("no language is named".to_owned()) } else { Ok(arguments) }
    }
}

impl Language {
    fn parse(argument: &str, platform: Platform) -> Result<Self, String> {
        let (name, command) = argument.split_once('=').ok_or_else(|| format!("{argument} is no NAME=COMMAND"))?;
        let command = command.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Ok(Self { name: name.to_owned(), command, platform })
    }
}
