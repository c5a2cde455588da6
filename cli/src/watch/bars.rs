//! One live bar per task, and log lines above them.

use std::io;
use std::time::Duration;

use console::style;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use steadywire::Event;

use super::Screen;
use super::model::{Model, Note, Task};
use crate::exit::Exit;
use crate::text::{percent, shorten};

/// Drawn at most this often, in frames per second.
const FRAMES: u8 = 15;

const BAR_WIDTH: usize = 24;
const NAME_WIDTH: usize = 24;
const STAGE_WIDTH: usize = 20;

/// Draws on the terminal.
pub(crate) struct Bars {
    screen: MultiProgress,
    bars: Vec<ProgressBar>,
    above: Vec<String>,
}

impl Bars {
    /// Draws on standard output.
    pub(crate) fn new() -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(FRAMES));
        Self { screen, bars: Vec::new(), above: Vec::new() }
    }

    fn print_above(&mut self) -> io::Result<()> {
        if self.above.is_empty() {
            return Ok(());
        }
        let text = self.above.join("\n");
        self.above.clear();
        self.screen.println(text)
    }
}

impl Screen for Bars {
    fn event(&mut self, event: &Event<'_>, model: &mut Model, now: Duration) -> io::Result<()> {
        let above = &mut self.above;
        model.event(event, now, &mut |note| match note {
            Note::Line(line) => above.push(line),
            Note::Link(line) => above.push(style(line).dim().to_string()),
            // The bars show these.
            Note::Progress(_) | Note::Outcome(_) => {}
        });
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.above.push(style(text).dim().to_string());
        Ok(())
    }

    fn draw(&mut self, model: &Model, now: Duration) -> io::Result<()> {
        self.print_above()?;
        while self.bars.len() < model.tasks.len() {
            let bar = self.screen.add(ProgressBar::no_length());
            bar.set_style(plain_style());
            self.bars.push(bar);
        }
        let trouble = model.link_text(now);
        for (task, bar) in model.tasks.iter().zip(&self.bars) {
            bar.set_message(line(task, trouble.as_deref(), now));
        }
        Ok(())
    }

    fn finish(&mut self, model: &Model, now: Duration) -> io::Result<()> {
        self.draw(model, now)?;
        for bar in &self.bars {
            bar.abandon();
        }
        Ok(())
    }
}

fn plain_style() -> ProgressStyle {
    // Only the placing and the cutting at the edge are indicatif's; what a line says is made below.
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The line of one task; `trouble` is what is wrong with the link.
fn line(task: &Task, trouble: Option<&str>, now: Duration) -> String {
    let name = style(shorten(&task.name, NAME_WIDTH).into_owned()).bold();
    if let Some((exit, text)) = &task.outcome {
        let text = match exit {
            Exit::Complete => style(format!("✓ {text}")).green(),
            _ => style(format!("✗ {text}")).red(),
        };
        return format!("{name}  {text}");
    }
    let mut parts = vec![name.to_string()];
    if !task.stage.is_empty() {
        parts.push(shorten(&task.stage, STAGE_WIDTH).into_owned());
    }
    if let Some(progress) = task.progress {
        parts.push(format!("[{}] {:>5}", style(bar(progress)).cyan(), percent(progress)));
    }
    if let Some(trouble) = trouble {
        parts.push(style(trouble).yellow().to_string());
        return parts.join("  ");
    }
    match task.progress {
        None => parts.push(style("nothing heard yet").dim().to_string()),
        Some(_) => {
            if let (Some(speed), Some(eta)) = (task.speed(now), task.eta(now)) {
                parts.push(format!("{}  eta {}", rate(speed), hours(eta)));
            }
        }
    }
    if !task.message.is_empty() {
        parts.push(style(&task.message).dim().to_string());
    }
    parts.join("  ")
}

fn bar(progress: f64) -> String {
    let filled = (progress.clamp(0.0, 100.0) / 100.0 * BAR_WIDTH as f64) as usize;
    let mut bar = "=".repeat(filled);
    if filled < BAR_WIDTH {
        bar.push('>');
        bar.push_str(&" ".repeat(BAR_WIDTH - filled - 1));
    }
    bar
}

fn rate(percent_per_second: f64) -> String {
    if percent_per_second >= 0.1 {
        format!("{percent_per_second:.1} %/s")
    } else {
        format!("{:.1} %/min", percent_per_second * 60.0)
    }
}

/// `0:48`, `1:02:03`.
fn hours(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadywire::event::Progress;

    fn plain(task: &Task, trouble: Option<&str>, now: u64) -> String {
        console::strip_ansi_codes(&line(task, trouble, Duration::from_secs(now))).into_owned()
    }

    fn model_at(values: &[(u64, f64)]) -> Model {
        let mut model = Model::new(&["build".to_owned()]);
        for (second, progress) in values {
            let event = Event::Progress(Progress {
                task_id: "build".into(),
                stage: "compile".into(),
                progress: *progress,
                message: "Compiling foo".into(),
                timestamp: 0,
            });
            model.event(&event, Duration::from_secs(*second), &mut |_| {});
        }
        model
    }

    #[test]
    fn a_bar_shows_stage_speed_and_eta() {
        let model = model_at(&[(0, 10.0), (10, 30.0)]);
        assert_eq!(
            plain(&model.tasks[0], None, 10),
            "build  compile  [=======>                ]   30%  2.0 %/s  eta 0:35  Compiling foo"
        );
    }

    #[test]
    fn a_task_that_said_nothing() {
        assert_eq!(plain(&model_at(&[]).tasks[0], None, 0), "build  nothing heard yet");
    }

    #[test]
    fn trouble_takes_the_place_of_the_guesses() {
        let model = model_at(&[(0, 10.0), (10, 30.0)]);
        assert_eq!(
            plain(&model.tasks[0], Some("reconnecting (reset), next try in 1.2 s"), 10),
            "build  compile  [=======>                ]   30%  reconnecting (reset), next try in 1.2 s"
        );
    }

    #[test]
    fn the_end_replaces_the_bar() {
        let mut model = model_at(&[(0, 10.0)]);
        model.tasks[0].outcome = Some((Exit::TaskError, "error: exit status 1".into()));
        assert_eq!(plain(&model.tasks[0], Some("stopped"), 1), "build  ✗ error: exit status 1");
    }

    #[test]
    fn small_forms() {
        assert_eq!((bar(0.0).len(), bar(100.0).len(), bar(50.0).len()), (BAR_WIDTH, BAR_WIDTH, BAR_WIDTH));
        assert_eq!((rate(1.25), rate(0.02)), ("1.2 %/s".into(), "1.2 %/min".into()));
        assert_eq!(
            (hours(Duration::from_secs(48)), hours(Duration::from_secs(3723))),
            ("0:48".into(), "1:02:03".into())
        );
    }
}
