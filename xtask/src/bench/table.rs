//! The table: numbers read, divided, and put side by side.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::figures::{Figure, Goal, Source};

/// What a run has left in its folder.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    criterion: PathBuf,
    facts: BTreeMap<String, f64>,
}

impl Measured {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let facts = fs::read_to_string(folder.join("facts")).unwrap_or_default();
        Self { criterion: folder.join("criterion"), facts: facts_in(&facts) }
    }

    /// One value a round: times in nanoseconds, anything else in its own unit. Empty: not measured.
    fn values(&self, source: Source) -> Vec<f64> {
        match source {
            Source::Time(name) => {
                let folder = self.criterion.join(name);
                let round = |n: usize| folder.join(n.to_string()).join("new/estimates.json");
                let rounds = (1..).map(|n| fs::read_to_string(round(n)).ok());
                rounds.map_while(|estimates| median(&estimates?)).collect()
            }
            Source::Fact(name, _) => self.facts.get(name).copied().into_iter().collect(),
            Source::Fixed(value, _) => vec![value],
        }
    }
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A name and a number on each line.
fn facts_in(text: &str) -> BTreeMap<String, f64> {
    let facts = text.lines().filter_map(|line| line.split_once(' '));
    facts.filter_map(|(name, n)| Some((name.to_owned(), n.parse().ok()?))).collect()
}

/// The median among criterion's estimates.
fn median(estimates: &str) -> Option<f64> {
    let (_, median) = estimates.split_once("\"median\":")?;
    let (_, estimate) = median.split_once("\"point_estimate\":")?;
    let number = estimate.split([',', '}']).next()?;
    number.trim().parse().ok()
}

/// One row for each figure that was measured.
pub(crate) fn table(figures: &[Figure], measured: &Measured) -> String {
    let heading = ["figure", "measured", "limit", "ratio", "goal", "reached"];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(figures.iter().filter_map(|figure| row(figure, measured)));
    let widths: Vec<usize> = (0..heading.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        format!("|{}|", cells.collect::<Vec<_>>().join("|"))
    };
    let rule: Vec<_> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    lines.insert(1, format!("|{}|", rule.join("|")));
    lines.join("\n")
}

fn row(figure: &Figure, run: &Measured) -> Option<[String; 6]> {
    let (measured, limit) = (run.values(figure.measured), run.values(figure.limit));
    // Each with its own round's, and then the one in the middle.
    let ratios = measured.iter().zip(&limit).map(|(measured, limit)| measured / limit).collect();
    let (ratio, measured, limit) = (middle(ratios)?, middle(measured)?, middle(limit)?);
    let (ratio, goal, reached) = match figure.goal {
        Goal::AtMost(goal) => (ratio, format!("≤ {goal}"), ratio <= goal),
        Goal::Faster(goal) => (1.0 / ratio, format!("≥ {goal}"), 1.0 / ratio >= goal),
        Goal::None => (ratio, String::new(), false),
    };
    let reached = match (figure.goal, reached) {
        (Goal::None, _) => "",
        (_, true) => "yes",
        (_, false) => "no",
    };
    Some([
        figure.what.to_owned(),
        shown(measured, figure.measured),
        shown(limit, figure.limit),
        format!("{ratio:.2}"),
        goal,
        reached.to_owned(),
    ])
}

fn shown(value: f64, source: Source) -> String {
    match source {
        Source::Time(_) if value < 1e3 => format!("{value:.0} ns"),
        Source::Time(_) if value < 1e6 => format!("{:.2} µs", value / 1e3),
        Source::Time(_) => format!("{:.2} ms", value / 1e6),
        Source::Fact(_, unit) | Source::Fixed(_, unit) if value < 1.0 => {
            format!("{value:.3} {unit}")
        }
        Source::Fact(_, unit) | Source::Fixed(_, unit) => format!("{value:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_found_among_the_estimates() {
        let estimates = r#"{"mean":{"point_estimate":9.0,"standard_error":1.0},
            "median":{"confidence_interval":{"lower_bound":1.0},"point_estimate":2.5e3,"standard_error":0.1}}"#;
        assert_eq!(median(estimates), Some(2500.0));
        assert_eq!(median("{}"), None);
    }

    #[test]
    fn the_middle_round_counts() {
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(middle(Vec::new()), None);
    }

    #[test]
    fn a_row_says_whether_its_goal_is_reached() {
        let facts = facts_in("a 3\nb 2\nc\n");
        let run = Measured { facts, ..Measured::default() };
        let (a, b) = (Source::Fact("a", "MiB"), Source::Fact("b", "MiB"));
        let row = |measured, limit, goal| row(&Figure { what: "w", measured, limit, goal }, &run);
        let cells = |row: Option<[String; 6]>| row.map(|row| row.join("|")).unwrap_or_default();
        assert_eq!(cells(row(a, b, Goal::AtMost(1.5))), "w|3.0 MiB|2.0 MiB|1.50|≤ 1.5|yes");
        assert_eq!(cells(row(a, b, Goal::AtMost(1.4))), "w|3.0 MiB|2.0 MiB|1.50|≤ 1.4|no");
        assert_eq!(cells(row(b, a, Goal::Faster(1.5))), "w|2.0 MiB|3.0 MiB|1.50|≥ 1.5|yes");
        assert_eq!(cells(row(a, b, Goal::Faster(0.8))), "w|3.0 MiB|2.0 MiB|0.67|≥ 0.8|no");
        assert!(row(a, Source::Fact("c", ""), Goal::None).is_none());
    }

    #[test]
    fn columns_are_aligned() {
        let run = Measured { facts: facts_in("a 3"), ..Measured::default() };
        let a = Source::Fact("a", "MiB");
        let figures = [Figure { what: "…", measured: a, limit: a, goal: Goal::AtMost(1.0) }];
        let table = table(&figures, &run);
        let widths: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [widths[0]; 3], "{table}");
    }
}
