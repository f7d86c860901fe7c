//! SARIF 2.1.0: one document with the runs of tools and their results.

use super::super::{Event, LintLevel};
use super::agent::text;
use super::findings::{Finding, Findings, path_of};
use super::json::{Object, Raw};
use super::shorter;
use std::borrow::Cow;
use std::collections::HashMap;

/// Reads a document that has `runs`; whether it is one.
pub(super) fn document(document: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let runs: Vec<_> = document.items("runs").into_iter().filter_map(Raw::object).collect();
    if !runs.iter().any(|run| run.has("tool")) {
        return false;
    }
    let (mut findings, mut hint) = (Findings::default(), None);
    for run in &runs {
        let mut rules = Rules { run, levels: None };
        for result in run.items("results").into_iter().filter_map(Raw::object) {
            if let Some(level) = rules.level_of(&result) {
                findings.add(level, || finding(&result));
                // One hint a document, as one finding a level.
                hint = hint.or_else(|| shorter::sarif(&result, finding(&result).path));
            }
        }
    }
    findings.finish(out);
    out.extend(hint);
    true
}

/// The levels that the run's rules have by themselves, read when a result leaves its own out.
struct Rules<'a, 'b> {
    run: &'b Object<'a>,
    levels: Option<HashMap<Cow<'a, str>, Cow<'a, str>>>,
}

impl Rules<'_, '_> {
    /// The result's level (SARIF 3.27.10), or nothing for notes and for what needs no attention.
    fn level_of(&mut self, result: &Object<'_>) -> Option<LintLevel> {
        let quiet = result.string("kind").is_some_and(|kind| kind != "fail");
        if quiet || !result.items("suppressions").is_empty() {
            return None;
        }
        let own = result.string("level");
        let level = own.or_else(|| self.usual(&result.string("ruleId")?).map(Cow::Owned));
        match level.as_deref().unwrap_or("warning") {
            "error" => Some(LintLevel::Error),
            "warning" => Some(LintLevel::Warning),
            _ => None,
        }
    }

    fn usual(&mut self, rule: &str) -> Option<String> {
        let run = self.run;
        let levels = self.levels.get_or_insert_with(|| {
            let rules = run.at(&["tool", "driver", "rules"]).map(Raw::items).unwrap_or_default();
            let rules = rules.into_iter().filter_map(Raw::object);
            rules
                .filter_map(|rule| {
                    let level = rule.at(&["defaultConfiguration", "level"])?.string()?;
                    Some((rule.string("id")?, level))
                })
                .collect()
        });
        levels.get(rule).map(|level| level.to_string())
    }
}

fn finding(result: &Object<'_>) -> Finding {
    let first = result.items("locations").into_iter().next().and_then(Raw::object);
    let place = first.and_then(|place| place.object("physicalLocation")).unwrap_or_default();
    let uri = place.at(&["artifactLocation", "uri"]).and_then(Raw::string);
    Finding {
        code: text(result, "ruleId"),
        path: uri.and_then(|uri| path_of(&uri)),
        line: place.at(&["region", "startLine"]).and_then(Raw::count),
        message: result.object("message").and_then(|message| text(&message, "text")),
    }
}
