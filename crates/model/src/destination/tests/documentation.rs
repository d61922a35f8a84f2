//! `docs/destinations.md` has a row for each parameter and each placeholder, and no other.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/destinations.md");

/// The first two cells of each row of the table under the heading; the first without back-ticks.
fn rows(heading: &str) -> Vec<(String, String)> {
    let (_, section) = PAGE.split_once(heading).unwrap();
    let table = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').to_owned());
        (cells.next().unwrap(), cells.next().unwrap())
    })
    .collect()
}

#[test]
fn the_page_has_each_parameter_and_its_forms() {
    let forms = |parameter: &Parameter| match (parameter.s3, parameter.r2) {
        (true, true) => "both",
        (true, false) => "s3",
        _ => "r2",
    };
    let known: Vec<(String, String)> = PARAMETERS
        .iter()
        .map(|parameter| (parameter.name.to_owned(), forms(parameter).to_owned()))
        .collect();
    assert_eq!(rows("## Parameters"), known);
}

#[test]
fn the_page_has_each_placeholder_and_what_it_ends() {
    let documented = rows("## The path");
    let names: Vec<&str> = documented.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, Placeholder::ALL.map(Placeholder::text));
}
