//! What was measured, as a table with the ratios first, or as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::child::Contestant;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    CpuSeconds,
    CpuMillisPerSecond,
    MillionsPerSecond,
    Micros,
    Millis,
    KiB,
    Percent,
    Count,
}

/// The figures of one measure and one contestant, one per round.
#[derive(Debug)]
struct Figure {
    measure: String,
    unit: Unit,
    contestant: Contestant,
    samples: Vec<f64>,
}

/// All figures, in the order in which they were first taken.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

/// What a measure must reach.
enum Bound {
    /// Our figure as a multiple of this contestant's.
    Times(Contestant, f64),
    /// Our figure itself.
    AtMost(f64),
}

/// Whose figure must reach what; measures start with these words.
const TARGETS: [(&str, Contestant, Bound); 6] = [
    ("CPU per million events", Contestant::Steadywire, Bound::Times(Contestant::Walk, 1.2)),
    ("CPU per million events", Contestant::C, Bound::Times(Contestant::Steadywire, 1.1)),
    ("CPU per million events", Contestant::C, Bound::Times(Contestant::Beast, 1.3)),
    ("CPU per million events", Contestant::C, Bound::Times(Contestant::Lws, 0.5)),
    ("memory per idle connection", Contestant::Steadywire, Bound::AtMost(12.0)),
    ("echo on one core, p50", Contestant::Steadywire, Bound::Times(Contestant::Tungstenite, 2.5)),
];

#[derive(Clone, Copy)]
struct Stat {
    median: f64,
    min: f64,
    max: f64,
}

impl Figures {
    pub(crate) fn add(&mut self, measure: impl Into<String>, unit: Unit, contestant: Contestant, value: f64) {
        let measure = measure.into();
        match self.0.iter_mut().find(|figure| figure.measure == measure && figure.contestant == contestant) {
            Some(figure) => figure.samples.push(value),
            None => self.0.push(Figure { measure, unit, contestant, samples: vec![value] }),
        }
    }

    /// The ratios first, then every figure.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from(
            "| ratio | min-max | target | measure | ours | figure | against | its figure |\n\
             | ---: | :---: | :---: | --- | --- | ---: | --- | ---: |\n",
        );
        for (ours, rival, ratio) in self.ratios() {
            let target = match target(ours, rival) {
                Some(Bound::Times(_, times)) => verdict(ratio.median, *times, "x"),
                Some(Bound::AtMost(most)) => verdict(ours.stat().median, *most, " KiB"),
                None => String::new(),
            };
            let _ = writeln!(
                out,
                "| **{:.2}** | {:.2}-{:.2} | {target} | {} | {} | {} {} | {} | {} |",
                ratio.median,
                ratio.min,
                ratio.max,
                ours.measure,
                ours.contestant.name(),
                number(ours.stat().median),
                ours.unit.name(),
                rival.contestant.name(),
                number(rival.stat().median),
            );
        }
        out.push_str("\n| measure | contestant | median | min | max | unit | rounds |\n| --- | --- | ---: | ---: | ---: | --- | ---: |\n");
        for figure in &self.0 {
            let stat = figure.stat();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                figure.measure,
                figure.contestant.name(),
                number(stat.median),
                number(stat.min),
                number(stat.max),
                figure.unit.name(),
                figure.samples.len()
            );
        }
        out
    }

    pub(crate) fn json(&self) -> Value {
        let ratios: Vec<Value> = self
            .ratios()
            .map(|(ours, rival, ratio)| {
                json!({"measure": ours.measure, "ours": ours.contestant.name(), "against": rival.contestant.name(),
                       "ratio": ratio.median, "min": ratio.min, "max": ratio.max})
            })
            .collect();
        let figures: Vec<Value> = self
            .0
            .iter()
            .map(|figure| {
                json!({"measure": figure.measure, "contestant": figure.contestant.name(),
                       "unit": figure.unit.name(), "median": figure.stat().median, "samples": figure.samples})
            })
            .collect();
        json!({"ratios": ratios, "figures": figures})
    }

    /// Each of our figures beside each rival's: the median of the ratios of each round, so that a
    /// machine that slows down during the run slows both.
    fn ratios(&self) -> impl Iterator<Item = (&Figure, &Figure, Stat)> {
        let ours = self.0.iter().filter(|figure| !rivals(figure.contestant).is_empty());
        ours.flat_map(|ours| {
            self.0
                .iter()
                .filter(|rival| rival.measure == ours.measure)
                .filter(|rival| rivals(ours.contestant).contains(&rival.contestant))
                .map(move |rival| {
                    let ratios: Vec<f64> = ours.samples.iter().zip(&rival.samples).map(|(a, b)| a / b).collect();
                    (ours, rival, Stat::of(&ratios))
                })
        })
    }
}

impl Figure {
    fn stat(&self) -> Stat {
        Stat::of(&self.samples)
    }
}

impl Stat {
    fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { at(middle) } else { (at(middle.wrapping_sub(1)) + at(middle)) / 2.0 };
        Self { median, min: at(0), max: at(sorted.len().wrapping_sub(1)) }
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::CpuSeconds => "CPU s",
            Self::CpuMillisPerSecond => "CPU ms per s",
            Self::MillionsPerSecond => "M per s (more is better)",
            Self::Micros => "µs",
            Self::Millis => "ms",
            Self::KiB => "KiB",
            Self::Percent => "%",
            Self::Count => "",
        }
    }
}

/// Whom a contestant of ours is held against. Bytes alone are no rival: they show what the server
/// can do.
fn rivals(ours: Contestant) -> &'static [Contestant] {
    match ours {
        Contestant::Steadywire => &[Contestant::Walk, Contestant::Tungstenite],
        Contestant::C => &[Contestant::Steadywire, Contestant::Beast, Contestant::Lws],
        _ => &[],
    }
}

fn target(ours: &Figure, rival: &Figure) -> Option<&'static Bound> {
    let concerns = |bound: &Bound| match bound {
        Bound::Times(against, _) => *against == rival.contestant,
        Bound::AtMost(_) => true,
    };
    TARGETS
        .iter()
        .filter(|(words, who, _)| ours.measure.starts_with(words) && *who == ours.contestant)
        .map(|(.., bound)| bound)
        .find(|bound| concerns(bound))
}

fn verdict(value: f64, bound: f64, unit: &str) -> String {
    let met = if value <= bound { "met" } else { "**missed**" };
    format!("≤ {bound}{unit}: {met}")
}

fn number(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_ratios() {
        let mut figures = Figures::default();
        for (ours, rival) in [(1.0, 1.0), (4.0, 2.0), (30.0, 10.0)] {
            figures.add("CPU per million events, plain", Unit::CpuSeconds, Contestant::Steadywire, ours);
            figures.add("CPU per million events, plain", Unit::CpuSeconds, Contestant::Walk, rival);
        }
        let table = figures.markdown();
        assert!(table.contains("| **2.00** | 1.00-3.00 | ≤ 1.2x: **missed** |"), "{table}");
    }

    #[test]
    fn each_rival_of_the_c_library_has_its_own_target() {
        let mut figures = Figures::default();
        for (contestant, figure) in
            [(Contestant::C, 1.2), (Contestant::Steadywire, 1.0), (Contestant::Beast, 1.0), (Contestant::Lws, 2.0)]
        {
            figures.add("CPU per million events, plain", Unit::CpuSeconds, contestant, figure);
        }
        let table = figures.markdown();
        for row in
            ["1.20** | 1.20-1.20 | ≤ 1.1x: **missed** |", "≤ 1.3x: met |", "0.60** | 0.60-0.60 | ≤ 0.5x: **missed** |"]
        {
            assert!(table.contains(row), "{table}");
        }
        assert_eq!(figures.ratios().count(), 3);
    }

    #[test]
    fn an_even_number_of_rounds_has_its_median_between_the_middle_two() {
        let stat = Stat::of(&[4.0, 1.0, 2.0, 3.0]);
        assert_eq!((stat.median, stat.min, stat.max), (2.5, 1.0, 4.0));
    }
}
