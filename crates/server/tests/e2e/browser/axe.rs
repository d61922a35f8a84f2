//! axe-core: what hinders people who see, hear or move differently.

use serde_json::Value;

use super::visitor::Visitor;
use crate::tools;

/// The library's text, where it is installed.
pub(crate) fn library() -> Option<String> {
    let folder = tools::node_with(&["axe-core"])?;
    Some(std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).unwrap())
}

/// What on the page hinders somebody seriously, in words.
pub(crate) async fn violations(visitor: &Visitor, library: &str, page: &str) -> Vec<String> {
    let script = format!(
        "const done = arguments[arguments.length - 1]; {library}; axe.run(document, \
         {{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }})\
         .then(found => done(found.violations), error => done(String(error)));"
    );
    let found = visitor.browser.run(&script).await;
    let found = found.as_array().unwrap_or_else(|| panic!("axe fails on {page}: {found}"));
    let is_serious = |violation: &&Value| {
        ["serious", "critical"].contains(&violation["impact"].as_str().unwrap_or_default())
    };
    let told = |violation: &Value| {
        let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
        let node = |node: &Value| format!("    {}\n", node["html"].as_str().unwrap_or_default());
        let nodes: String = nodes.iter().take(3).map(node).collect();
        let first = nodes_summary(violation);
        format!("{}: {} ({first})\n{nodes}", violation["id"], violation["help"])
    };
    found.iter().filter(is_serious).map(told).map(|told| format!("{page}: {told}")).collect()
}

fn nodes_summary(violation: &Value) -> String {
    let summary = violation["nodes"][0]["failureSummary"].as_str().unwrap_or_default();
    summary.split_whitespace().collect::<Vec<_>>().join(" ")
}
