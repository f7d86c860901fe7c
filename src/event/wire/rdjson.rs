//! Reviewdog's diagnostics: `rdjsonl`, one a line, and `rdjson`, one document.

use super::super::{Event, LintLevel};
use super::agent::text;
use super::findings::{Finding, Findings};
use super::json::{Object, Raw};
use super::shorter;

/// Reads a diagnostic that has `message` and `location`; whether it was one.
pub(super) fn diagnostic(object: &Object<'_>, out: &mut Vec<Event>) -> bool {
    let ours = object.at(&["location", "path"]).is_some();
    if ours && let Some(level) = level(object).unwrap_or(Some(LintLevel::Warning)) {
        out.push(finding(object).event(level, 1));
        out.extend(shorter::rdjson(object));
    }
    ours
}

/// Reads a document with `diagnostics`.
pub(super) fn document(document: &Object<'_>, out: &mut Vec<Event>) {
    let usual = level(document).unwrap_or(Some(LintLevel::Warning));
    let (mut findings, mut hint) = (Findings::default(), None);
    for diagnostic in document.items("diagnostics").into_iter().filter_map(Raw::object) {
        if let Some(level) = level(&diagnostic).unwrap_or(usual) {
            findings.add(level, || finding(&diagnostic));
            // One hint a document, as one finding a level.
            hint = hint.or_else(|| shorter::rdjson(&diagnostic));
        }
    }
    findings.finish(out);
    out.extend(hint);
}

/// Where a severity is given: the level, or nothing for what is only information.
fn level(object: &Object<'_>) -> Option<Option<LintLevel>> {
    let severity = object.get("severity")?;
    match (severity.string().as_deref(), severity.count()) {
        (Some("ERROR"), _) | (_, Some(1)) => Some(Some(LintLevel::Error)),
        (Some("WARNING"), _) | (_, Some(2)) => Some(Some(LintLevel::Warning)),
        (Some("INFO"), _) | (_, Some(3)) => Some(None),
        _ => None,
    }
}

fn finding(object: &Object<'_>) -> Finding {
    let location = object.object("location").unwrap_or_default();
    Finding {
        code: object.object("code").and_then(|code| text(&code, "value")),
        path: text(&location, "path"),
        line: location.at(&["range", "start", "line"]).and_then(Raw::count),
        message: text(object, "message"),
    }
}
