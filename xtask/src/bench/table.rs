//! The table: numbers read, divided, and put side by side.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What is measured, its limit and its goal: see the file itself.
const FIGURES: &str = include_str!("figures.txt");

/// The results of a run.
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

    /// One value a round: times in nanoseconds, anything else in its unit. Empty if it was not measured.
    fn values(&self, name: &str, is_time: bool) -> Vec<f64> {
        if !is_time {
            return name.parse().ok().or(self.facts.get(name).copied()).into_iter().collect();
        }
        let folder = self.criterion.join(name);
        let round = |n: usize| folder.join(n.to_string()).join("new/estimates.json");
        let rounds = (1..).map(|n| fs::read_to_string(round(n)).ok());
        rounds.map_while(|estimates| median(&estimates?)).collect()
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
    let estimates: serde_json::Value = serde_json::from_str(estimates).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

/// One row for each figure that was measured.
pub(crate) fn table(run: &Measured) -> String {
    let heading = ["figure", "measured", "limit", "ratio", "goal", "reached"];
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(FIGURES.lines().filter_map(|figure| row(figure, run)));
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

fn row(figure: &str, run: &Measured) -> Option<[String; 6]> {
    let mut cells = figure.split('|').map(str::trim);
    let (what, measured, limit) = (cells.next()?, cells.next()?, cells.next()?);
    let goal = cells.next().unwrap_or_default();
    let source = |cell: &'_ str| {
        let (name, unit) = cell.split_once(' ').unwrap_or((cell, ""));
        (run.values(name, unit.is_empty()), unit.to_owned())
    };
    let ((measured, unit), (limit, limit_unit)) = (source(measured), source(limit));
    // Each round's values are divided by each other; the one in the middle counts.
    let ratios = measured.iter().zip(&limit).map(|(measured, limit)| measured / limit).collect();
    let (mut ratio, measured, limit) = (middle(ratios)?, middle(measured)?, middle(limit)?);
    let reached = match goal.split_once(' ').and_then(|(sign, n)| Some((sign, n.parse().ok()?))) {
        Some(("≥", goal)) => {
            ratio = 1.0 / ratio;
            Some(ratio >= goal)
        }
        Some((_, goal)) => Some(ratio <= goal),
        None => None,
    };
    let reached = reached.map_or("", |reached| if reached { "yes" } else { "no" });
    let (measured, limit) = (shown(measured, &unit), shown(limit, &limit_unit));
    Some([what, &measured, &limit, &format!("{ratio:.2}"), goal, reached].map(str::to_owned))
}

fn shown(value: f64, unit: &str) -> String {
    match unit {
        "" if value < 1e3 => format!("{value:.0} ns"),
        "" if value < 1e6 => format!("{:.2} µs", value / 1e3),
        "" => format!("{:.2} ms", value / 1e6),
        _ if value < 1.0 => format!("{value:.3} {unit}"),
        _ => format!("{value:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_found_and_the_middle_round_counts() {
        let estimates = r#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":2.5e3}}"#;
        assert_eq!(median(estimates), Some(2500.0));
        assert_eq!(median("{}"), None);
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(middle(Vec::new()), None);
    }

    #[test]
    fn a_row_says_whether_its_goal_is_reached() {
        let run = Measured { facts: facts_in("a 3\nb 2\nc\n"), ..Measured::default() };
        for (figure, expected) in [
            ("w | a MiB | b MiB | ≤ 1.5", "w|3.0 MiB|2.0 MiB|1.50|≤ 1.5|yes"),
            ("w | a MiB | b MiB | ≤ 1.4", "w|3.0 MiB|2.0 MiB|1.50|≤ 1.4|no"),
            ("w | b MiB | a MiB | ≥ 1.5", "w|2.0 MiB|3.0 MiB|1.50|≥ 1.5|yes"),
            ("w | a MiB | 2 MiB | ≥ 0.8", "w|3.0 MiB|2.0 MiB|0.67|≥ 0.8|no"),
            ("w | a MiB | b MiB", "w|3.0 MiB|2.0 MiB|1.50||"),
            ("w | a MiB | c MiB", ""),
            ("a heading", ""),
        ] {
            let row = row(figure, &run).map(|row| row.join("|")).unwrap_or_default();
            assert_eq!(row, expected, "{figure}");
        }
    }

    #[test]
    fn every_figure_is_a_row() {
        let figures = FIGURES.lines().skip_while(|line| !line.is_empty()).skip(1);
        for figure in figures {
            let cells: Vec<_> = figure.split('|').map(str::trim).collect();
            let facts = cells[1..3].iter().filter_map(|cell| Some((cell.split_once(' ')?.0, 1.0)));
            let facts = facts.map(|(name, n)| (name.to_owned(), n)).collect();
            let is_time = cells[1..3].iter().all(|cell| !cell.contains(' '));
            let run = Measured { facts, ..Measured::default() };
            assert!(is_time || row(figure, &run).is_some(), "{figure}");
        }
    }
}
