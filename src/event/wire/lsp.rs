//! A language server's `textDocument/publishDiagnostics`.

use super::super::{Event, LintLevel};
use super::agent::text;
use super::cargo::clean;
use super::findings::{Finding, Findings, path_of};
use super::json::{Object, Raw};
use crate::text::SafeText;
use std::collections::HashSet;

/// How many files with diagnostics are remembered.
const MAX_FILES: usize = 256;

/// Files that have diagnostics. A server tells of each file by itself, also of those that are well,
/// so that all is clean only when the last of them is.
#[derive(Debug, Default)]
pub(super) struct Lsp {
    open: HashSet<SafeText>,
}

impl Lsp {
    /// Reads an object with `jsonrpc` and `method`; whether it told diagnostics.
    pub(super) fn message(&mut self, object: &Object<'_>, out: &mut Vec<Event>) -> bool {
        let ours = object.string("method").is_some_and(|m| m == "textDocument/publishDiagnostics");
        if ours && let Some(params) = object.object("params") {
            self.published(&params, out);
        }
        ours
    }

    fn published(&mut self, params: &Object<'_>, out: &mut Vec<Event>) {
        let path = path_of(&params.string("uri").unwrap_or_default()).unwrap_or_default();
        let mut findings = Findings::default();
        for diagnostic in params.items("diagnostics").into_iter().filter_map(Raw::object) {
            let level = match diagnostic.get("severity").and_then(Raw::count) {
                // Without one it is the client's to say.
                Some(1) | None => LintLevel::Error,
                Some(2) => LintLevel::Warning,
                _ => continue,
            };
            findings.add(level, || finding(&diagnostic, &path));
        }
        if !findings.is_empty() {
            if self.open.len() < MAX_FILES {
                self.open.insert(path);
            }
            findings.finish(out);
        } else if self.open.remove(&path) && self.open.is_empty() {
            out.push(Event::of(clean()));
        }
    }
}

fn finding(diagnostic: &Object<'_>, path: &SafeText) -> Finding {
    let code = diagnostic.get("code");
    let number = || code.and_then(Raw::count).map(|code| SafeText::new(&code.to_string()));
    let line = diagnostic.at(&["range", "start", "line"]).and_then(Raw::count);
    Finding {
        code: text(diagnostic, "code").or_else(number),
        path: Some(path.clone()).filter(|path| !path.is_empty()),
        line: line.map(|line| line.saturating_add(1)),
        message: text(diagnostic, "message"),
    }
}

/// A header between two messages, where somebody listens to a server's own stream.
pub(super) fn is_header(line: &str) -> bool {
    line.strip_prefix("Content-Length: ").is_some_and(is_digits)
        || line.starts_with("Content-Type: application/vscode-jsonrpc")
}

/// The message without the next one's header: messages have no newline at their end.
pub(super) fn without_header(line: &str) -> &str {
    match line.rsplit_once("}Content-Length: ") {
        Some((message, length)) if is_digits(length) => line.get(..=message.len()).unwrap_or(line),
        _ => line,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_cut_off() {
        assert_eq!(without_header(r#"{"a":{}}Content-Length: 12"#), r#"{"a":{}}"#);
        assert_eq!(
            without_header(r#"{"a":"}Content-Length: 12"}"#),
            r#"{"a":"}Content-Length: 12"}"#
        );
        assert!(is_header("Content-Length: 7") && !is_header("Content-Length: x"));
    }

    #[test]
    fn all_is_clean_with_the_last_file() {
        let (mut lsp, mut out) = (Lsp::default(), Vec::new());
        for (uri, diagnostics) in [
            ("a", "{\"message\":\"x\"}"),
            ("b", "{\"message\":\"y\",\"code\":7}"),
            ("c", ""),
            ("a", ""),
            ("b", ""),
        ] {
            let text = format!(
                r#"{{"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":{{"uri":"file:///{uri}","diagnostics":[{diagnostics}]}}}}"#
            );
            assert!(lsp.message(&Object::parse(&text).unwrap(), &mut out));
        }
        let names: Vec<_> = out.iter().map(|event| super::super::name(&event.kind)).collect();
        assert_eq!(names, ["lint.error", "lint.error", "lint.clean"]);
    }
}
