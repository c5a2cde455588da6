//! `steadywire-conformance [--out FOLDER] [--only PART] [--web] NAME=COMMAND...`: plays every e2e vector in every language
//! named and prints the matrix. The status is 0 if all is green.
//!
//! A COMMAND is a driver and its arguments, parted by spaces. After `--web` come those that have only a browser's
//! WebSocket. The logs are left in FOLDER/NAME/VECTOR.jsonl.

use std::path::PathBuf;
use std::process::ExitCode;

use steadywire_conformance::{Language, Matrix, Platform, all};

const USAGE: &str = "usage: steadywire-conformance [--out FOLDER] [--only PART] [--web] NAME=COMMAND...";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => match run(arguments).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(problem) => {
                eprintln!("{problem}");
                ExitCode::FAILURE
            }
        },
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is green.
async fn run(arguments: Arguments) -> Result<bool, String> {
    let scenarios = all().into_iter().filter(|scenario| scenario.name.contains(&arguments.only)).collect();
    let mut matrix = Matrix::play(arguments.languages, scenarios).await;
    if let Some(folder) = &arguments.out {
        matrix.write(folder)?;
    }
    let failures = matrix.judge();
    println!("{matrix}");
    for failure in &failures {
        println!("{failure}\n");
    }
    let cells = matrix.cells();
    println!("{} of {cells} are as they should be", cells - failures.len());
    Ok(failures.is_empty() && cells > 0)
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
                _ => arguments.languages.push(language(&argument, platform)?),
            }
        }
        if arguments.languages.is_empty() { Err("no language is named".to_owned()) } else { Ok(arguments) }
    }
}

fn language(argument: &str, platform: Platform) -> Result<Language, String> {
    let (name, command) = argument.split_once('=').ok_or_else(|| format!("{argument} is no NAME=COMMAND"))?;
    let command = command.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    Ok(Language { name: name.to_owned(), command, platform })
}
