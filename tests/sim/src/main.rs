//! `steadywire-sim`: plays seeds.
//!
//! - `--seed N`: one seed, every step told
//! - `--from N --seeds N --jobs N`: many, and how often what happened
//! - `--traces FILE`: beside that, the lives of all sessions as JSON Lines
//! - `--herd`: how 5,000 clients come back that lose one server

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use steadywire_sim::chaos::Coverage;
use steadywire_sim::herd::lose_server;
use steadywire_sim::play::{self, Violation};

/// What was asked for.
#[derive(Debug)]
struct Wanted {
    seed: Option<u64>,
    from: u64,
    seeds: u64,
    jobs: u64,
    traces: Option<String>,
    herd: bool,
}

/// What all seeds gave together.
#[derive(Default)]
struct Total {
    coverage: Coverage,
    steps: u64,
    worst: u64,
    traces: u64,
    violation: Option<Violation>,
}

fn main() -> ExitCode {
    let wanted = match Wanted::read(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            println!("{why}");
            return ExitCode::from(2);
        }
    };
    play::be_quiet();
    if wanted.herd {
        herds();
        return ExitCode::SUCCESS;
    }
    let result = match wanted.seed {
        Some(seed) => play::aloud(seed).map(drop),
        None => many(&wanted),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(violation) => {
            println!("{}", violation.report());
            ExitCode::FAILURE
        }
    }
}

impl Wanted {
    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wanted = Self { seed: None, from: 1, seeds: 1000, jobs: 1, traces: None, herd: false };
        while let Some(arg) = args.next() {
            if arg == "--herd" {
                wanted.herd = true;
                continue;
            }
            let value = args.next().ok_or_else(|| format!("{arg} takes a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{arg} takes a number, not {value}"));
            match arg.as_str() {
                "--seed" => wanted.seed = Some(number()?),
                "--from" => wanted.from = number()?,
                "--seeds" => wanted.seeds = number()?,
                "--jobs" => wanted.jobs = number()?.clamp(1, 64),
                "--traces" => wanted.traces = Some(value),
                _ => return Err(format!("there is no argument {arg}")),
            }
        }
        Ok(wanted)
    }
}

/// Plays many seeds, each on one thread, until all are played or one fails.
fn many(wanted: &Wanted) -> Result<(), Violation> {
    let began = Instant::now();
    let file = wanted.traces.as_ref().map(|path| File::create(path).expect("the file of traces can be written"));
    let file = Mutex::new(file.map(BufWriter::new));
    let next = AtomicU64::new(wanted.from);
    let total = Mutex::new(Total::default());
    std::thread::scope(|scope| {
        for _ in 0..wanted.jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= wanted.from + wanted.seeds || lock(&total).violation.is_some() {
                        return;
                    }
                    one(seed, &file, &total);
                }
            });
        }
    });
    let total = total.into_inner().expect("no thread has panicked");
    if let Some(mut file) = file.into_inner().expect("no thread has panicked") {
        file.flush().expect("the file of traces can be written");
    }
    if let Some(violation) = total.violation {
        return Err(violation);
    }
    for (what, count) in total.coverage.iter() {
        println!("{count:>10} {what}");
    }
    let Wanted { seeds, .. } = wanted;
    let Total { steps, worst, traces, .. } = total;
    let took = began.elapsed().as_secs_f64();
    println!("{seeds} seeds, {steps} steps, {traces} traces, right again after {worst} ms at the most, {took:.1} s");
    Ok(())
}

fn one(seed: u64, file: &Mutex<Option<BufWriter<File>>>, total: &Mutex<Total>) {
    let traced = lock(file).is_some();
    let result = if traced { play::traced(seed) } else { play::play(seed, None) };
    match result {
        Ok(summary) => {
            let mut total = lock(total);
            total.coverage.add(&summary.coverage);
            total.steps += summary.steps;
            total.worst = total.worst.max(summary.converged_after);
            total.traces += summary.traces.len() as u64;
            if let Some(file) = lock(file).as_mut() {
                let write = |trace| -> io::Result<()> { writeln!(file, "{trace}") };
                summary.traces.iter().try_for_each(write).expect("the file of traces can be written");
            }
        }
        Err(violation) => lock(total).violation = Some(violation),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread has panicked")
}

fn herds() {
    println!("| jitter | outage | most within 100 ms | half back | nine of ten | all | given up |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for jitter in [true, false] {
        for outage in [10_000, 20_000, 60_000] {
            let herd = lose_server(5000, outage, jitter);
            let after = |hundredths| herd.back_after(hundredths).map_or("never".into(), |at| format!("{at} ms"));
            let share = herd.worst_window();
            println!(
                "| {} | {} s | {}.{} % | {} | {} | {} | {} |",
                if jitter { "as it is" } else { "none" },
                outage / 1000,
                share / 10,
                share % 10,
                after(50),
                after(90),
                after(100),
                herd.given_up
            );
        }
    }
}
