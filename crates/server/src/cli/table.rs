//! Tables for people: no lines, aligned columns, headings in capitals.

use std::io::IsTerminal;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::{CliError, line};
use crate::harmless::visible;

/// Rows under headings. Cells are wrapped to the terminal's width, and not wrapped elsewhere, so
/// that `grep` finds whole rows.
#[derive(Debug)]
pub(super) struct Rows {
    table: Table,
    kind: &'static str,
}

impl Rows {
    /// An empty table of things of this kind, such as `zones`.
    pub(super) fn new(kind: &'static str, headings: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(if std::io::stdout().is_terminal() {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self { table, kind }
    }

    /// Aligns a column of numbers, counted from 0, to the right.
    pub(super) fn numbers(mut self, column: usize) -> Self {
        if let Some(column) = self.table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row. Line breaks in a cell are shown by their code: nobody adds a row by a name.
    pub(super) fn push<const N: usize>(&mut self, cells: [String; N]) {
        self.table.add_row(cells.map(|cell| visible(&cell, usize::MAX)));
    }

    /// The table as text; one line that says so where it has no rows.
    pub(super) fn text(&self) -> String {
        if self.table.is_empty() { format!("no {}", self.kind) } else { self.table.trim_fmt() }
    }

    /// Prints the table.
    pub(super) fn print(&self) -> Result<(), CliError> {
        line(self.text())
    }
}

/// Prints one thing: its properties, one a line, values aligned. Empty values are left out.
pub(super) fn properties<const N: usize>(pairs: &[(&str, String); N]) -> Result<(), CliError> {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        line(format_args!("{name:width$}  {}", visible(value, usize::MAX)))?;
    }
    Ok(())
}

/// `yes` or `no`.
pub(super) fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_headings_and_aligned_columns() {
        let mut rows = Rows::new("jobs", &["id", "dataset", "lag"]).numbers(0);
        rows.push(["7".into(), "http_requests".into(), "1 s".into()]);
        rows.push(["12".into(), "dns_logs".into(), String::new()]);
        assert_eq!(rows.text(), "ID  DATASET        LAG\n 7  http_requests  1 s\n12  dns_logs");
    }

    #[test]
    fn a_name_adds_no_row_and_moves_no_cursor() {
        let mut rows = Rows::new("jobs", &["id", "name"]);
        rows.push(["7".into(), "a\n8 b\u{1b}[2J".into()]);
        assert_eq!(rows.text(), "ID  NAME\n7   a⟨U+000A⟩8 b⟨U+001B⟩[2J");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Rows::new("zones", &["id"]).text(), "no zones");
    }
}
