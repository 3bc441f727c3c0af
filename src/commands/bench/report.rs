//! A table with figures, for people, for documents and for programs.

use super::compare::Base;
use crate::cli::TellArgs;
use crate::commands::print;
use serde_json::{Value, json};
use wgprune::error::Result;

/// What was measured.
pub(super) struct Report {
    pub(super) title: String,
    pub(super) table: Table,
    /// Lines under the table.
    pub(super) foot: Vec<String>,
    /// What another run can be compared with.
    pub(super) times: Times,
    /// Without the times.
    pub(super) json: Value,
}

/// Seconds with names of their own.
#[derive(Default)]
pub(super) struct Times(pub(super) Vec<(String, f64)>);

impl Times {
    /// One of a name that is there already gets a number, too.
    pub(super) fn push(&mut self, name: String, seconds: f64) {
        let is_there = |name: &str| self.0.iter().any(|(known, _)| known == name);
        let numbered = (2..).map(|number| format!("{name}, {number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|name| !is_there(name));
        self.0.push((free.unwrap_or(name), seconds));
    }
}

/// Columns with a header. The first ones, up to the first cell that is a number, are set to the left.
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Seconds as thousandths.
pub(super) fn millis(seconds: f64) -> String {
    format!("{:.3}", 1e3 * seconds)
}

impl Report {
    /// Prints it as `tell` says, beside what it is compared with.
    pub(super) fn tell(mut self, tell: &TellArgs, base: Option<&Base>) -> Result<()> {
        let compared = base
            .map(|base| base.compare(&self.json, &self.times.0, tell.fail_over))
            .transpose()?;
        if tell.json {
            self.json["times"] = json!(self.times.0);
            self.json["compared"] = json!(compared.as_ref().map(|compared| &compared.ratios));
            print(&self.json)?;
        } else {
            print(format!("{}\n", self.title))?;
            self.table.print(tell.markdown)?;
            if !self.foot.is_empty() {
                print("")?;
            }
            for line in &self.foot {
                print(line)?;
            }
            if let Some(compared) = &compared {
                print("")?;
                compared.table().print(tell.markdown)?;
                if let Some(line) = compared.unmatched() {
                    print(format!("\n{line}"))?;
                }
            }
        }
        compared.map_or(Ok(()), |compared| compared.verdict())
    }
}

impl Table {
    pub(super) fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn push<const N: usize>(&mut self, row: [String; N]) {
        assert_eq!(N, self.header.len(), "a cell to each column");
        self.rows.push(row.into());
    }

    pub(super) fn print(&self, is_markdown: bool) -> Result<()> {
        self.lines(is_markdown).into_iter().try_for_each(print)
    }

    fn lines(&self, is_markdown: bool) -> Vec<String> {
        let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
        let columns = 0..self.header.len();
        let to_right: Vec<bool> = columns
            .clone()
            .map(|i| self.rows.iter().any(|row| is_number(&row[i])))
            .collect();
        let all = || std::iter::once(&self.header).chain(&self.rows);
        let width = |i: usize| all().map(|row| row[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = columns.map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&to_right);
            let cells = cells.map(|((cell, &width), &right)| match right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:width$}"),
            });
            let cells: Vec<String> = cells.collect();
            match is_markdown {
                true => format!("| {} |", cells.join(" | ")),
                false => cells.join("  ").trim_end().to_owned(),
            }
        };
        let mut lines: Vec<String> = all().map(line).collect();
        if is_markdown {
            let rule = widths.iter().zip(&to_right).map(|(&width, &right)| {
                let dashes = "-".repeat(width.max(3) - usize::from(right));
                if right { format!("{dashes}:") } else { dashes }
            });
            lines.insert(1, format!("| {} |", rule.collect::<Vec<_>>().join(" | ")));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_one_name_are_told_apart() {
        let mut times = Times::default();
        for seconds in [1.0, 2.0, 3.0] {
            times.push("sum".into(), seconds);
        }
        let names: Vec<&str> = times.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["sum", "sum, 2", "sum, 3"]);
    }

    #[test]
    fn numbers_are_set_to_the_right_and_words_to_the_left() {
        let mut table = Table::new(&["layer", "ms"]);
        table.push(["conv1".into(), "12.5".into()]);
        table.push(["fc".into(), "3.0".into()]);
        assert_eq!(
            table.lines(false),
            ["layer    ms", "conv1  12.5", "fc      3.0"]
        );
        assert_eq!(
            table.lines(true),
            [
                "| layer |   ms |",
                "| ----- | ---: |",
                "| conv1 | 12.5 |",
                "| fc    |  3.0 |"
            ]
        );
    }
}
