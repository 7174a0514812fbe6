//! Figures, their budgets, and how they are told: a line each as they come, a table at the end,
//! JSON for machines.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::Outcome;

/// What a figure is held against (the budgets of `docs/BENCHMARKS.md`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// It may not be more.
    AtMost(f64),
    /// It may not be less.
    AtLeast(f64),
    /// It may be at most so many times the bare loop of the same run.
    TimesBare(f64),
    /// It is told for comparison only.
    Informative,
}

/// Whether a figure keeps its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Pass,
    /// It does not.
    Miss,
    /// There is no budget.
    Unjudged,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Miss => "MISS",
            Self::Unjudged => "-",
        }
    }
}

/// One measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// How much of it.
    pub value: f64,
    /// In which unit.
    pub unit: &'static str,
    /// What it is held against.
    pub budget: Budget,
    /// The same figure of a bare loop of system calls in the same run.
    pub bare: Option<f64>,
}

impl Figure {
    /// A figure without a bare loop beside it.
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str, budget: Budget) -> Self {
        Self { what: what.into(), value, unit, budget, bare: None }
    }

    /// With the figure of the bare loop.
    #[must_use]
    pub fn beside(mut self, bare: f64) -> Self {
        self.bare = Some(bare);
        self
    }

    /// The figure as a multiple of the bare loop's.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.bare.map(|bare| self.value / bare)
    }

    /// Whether the budget holds.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let holds = match self.budget {
            Budget::AtMost(most) => self.value <= most,
            Budget::AtLeast(least) => self.value >= least,
            Budget::TimesBare(times) => self.ratio().is_some_and(|ratio| ratio <= times),
            Budget::Informative => return Verdict::Unjudged,
        };
        if holds { Verdict::Pass } else { Verdict::Miss }
    }

    fn budget_text(&self) -> String {
        match self.budget {
            Budget::AtMost(most) => format!("<= {}", number(most)),
            Budget::AtLeast(least) => format!(">= {}", number(least)),
            Budget::TimesBare(times) => format!("<= {times:.1} x bare"),
            Budget::Informative => String::new(),
        }
    }

    fn line(&self) -> String {
        let bare = match (self.bare, self.ratio()) {
            (Some(bare), Some(ratio)) => format!("  bare {} ratio {ratio:.2}", number(bare)),
            _ => String::new(),
        };
        format!(
            "{:<54} {:>9} {:<9} {:<13} {:<4}{bare}",
            self.what,
            number(self.value),
            self.unit,
            self.budget_text(),
            self.verdict().word(),
        )
    }
}

/// Three significant digits or whole numbers: more would pretend a precision that is not there.
fn number(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.3}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Report {
    bench: &'static str,
    figures: Vec<(&'static str, Figure)>,
}

impl Report {
    /// Figures from here on belong to this benchmark.
    pub fn begin(&mut self, bench: &'static str, measures: &str) {
        self.bench = bench;
        println!("== {bench}: {measures}");
    }

    /// Takes a figure and tells it.
    pub fn add(&mut self, figure: Figure) {
        println!("   {}", figure.line());
        self.figures.push((self.bench, figure));
    }

    /// The table of everything, and the count of budgets that do not hold.
    #[must_use]
    pub fn summary(&self) -> (String, usize) {
        let mut text = String::from("\nSummary\n");
        let mut missed = 0;
        for (bench, figure) in &self.figures {
            text.push_str(&format!("{bench:<12} {}\n", figure.line()));
            missed += usize::from(figure.verdict() == Verdict::Miss);
        }
        text.push_str(&format!("{} figures, {missed} budgets missed\n", self.figures.len()));
        (text, missed)
    }

    /// Writes one line of JSON per figure.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, path: &Path) -> Outcome {
        let mut file = File::create(path)?;
        for (bench, figure) in &self.figures {
            let line = json!({
                "bench": bench,
                "what": figure.what,
                "value": figure.value,
                "unit": figure.unit,
                "budget": figure.budget_text(),
                "verdict": figure.verdict().word(),
                "bare": figure.bare,
                "ratio": figure.ratio(),
            });
            writeln!(file, "{line}")?;
        }
        Ok(())
    }
}

/// The value below which `share` (0–1) of the samples lie; zero without samples.
#[must_use]
pub fn quantile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    let place = (last as f64 * share).round() as usize;
    samples.get(place.min(last)).copied().unwrap_or_default()
}

/// A duration in milliseconds.
#[must_use]
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_in_multiples_of_the_bare_loop_needs_the_bare_loop() {
        let figure = Figure::new("echo", 11.0, "us", Budget::TimesBare(1.1));
        assert_eq!(figure.verdict(), Verdict::Miss);
        assert_eq!(figure.clone().beside(10.0).verdict(), Verdict::Pass);
        assert_eq!(figure.beside(9.0).verdict(), Verdict::Miss);
    }

    #[test]
    fn quantiles_are_samples() {
        let mut samples: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&mut samples, 0.0), Duration::from_millis(1));
        assert_eq!(quantile(&mut samples, 1.0), Duration::from_millis(100));
        assert_eq!(quantile(&mut [], 0.5), Duration::ZERO);
    }
}
