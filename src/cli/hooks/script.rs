//! Our lines in git's hooks: shell scripts, into which a marked block goes after the first line, so
//! that whatever ends the script early comes after it.

const BEGIN: &str = "# >>> buddy-render >>>";
const END: &str = "# <<< buddy-render <<<";
/// How a script of our own begins.
const FIRST: &str = "#!/bin/sh\n# Made by buddy-render, and gone with it.\n";

/// A hook, and what it tells. Each is told by a process in the background, which takes nothing of the
/// hook's input and whose failure nobody sees.
pub(super) const HOOKS: [(&str, &str); 3] = [
    (
        "post-commit",
        "(buddy-render emit git.commit \"sha=$(git rev-parse --short HEAD)\" \
         \"subject=$(git log -1 --format=%s)\" </dev/null >/dev/null 2>&1 &)",
    ),
    (
        "post-checkout",
        "if [ \"$3\" = 1 ]; then\n    (buddy-render emit git.branch \
         \"branch=$(git symbolic-ref --short -q HEAD)\" </dev/null >/dev/null 2>&1 &)\nfi",
    ),
    ("pre-push", "(buddy-render emit git.push </dev/null >/dev/null 2>&1 &)"),
];

/// The script with our block; where there was none, a script of its own.
pub(super) fn installed(text: Option<&str>, told: &str) -> Result<String, String> {
    let Some(text) = text else { return Ok(format!("{FIRST}{}\n", block(told))) };
    if is_present(text) {
        return Ok(text.to_owned());
    }
    if !is_shell(text) {
        return Err("it is no shell script".to_owned());
    }
    Ok(match text.split_once('\n') {
        Some((first, rest)) => format!("{first}\n{}\n{rest}", block(told)),
        None => format!("{text}\n{}", block(told)),
    })
}

/// The script without our block, as it is now written or was; nothing where the script was ours.
pub(super) fn removed(text: &str, told: &str) -> Option<String> {
    if text == format!("{FIRST}{}\n", block(told)) {
        return None;
    }
    let Some((head, rest)) = text.split_once(BEGIN) else { return Some(text.to_owned()) };
    // A block that lost its end is not ours to cut.
    let Some((_, tail)) = rest.split_once(END) else { return Some(text.to_owned()) };
    Some(match tail.strip_prefix('\n') {
        Some(tail) => format!("{head}{tail}"),
        None => format!("{}{tail}", head.strip_suffix('\n').unwrap_or(head)),
    })
}

/// Whether our block is there.
pub(super) fn is_present(text: &str) -> bool {
    text.contains(BEGIN) && text.contains(END)
}

fn block(told: &str) -> String {
    format!("{BEGIN}\n{told}\n{END}")
}

fn is_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let Some(program) = first.strip_prefix("#!") else { return false };
    let mut words = program.split_ascii_whitespace();
    let program = words.next().unwrap_or_default();
    let program =
        if program.ends_with("/env") { words.next().unwrap_or_default() } else { program };
    let name = program.rsplit('/').next().unwrap_or_default();
    matches!(name, "sh" | "bash" | "dash" | "zsh" | "ksh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_to_the_byte() {
        for (_, told) in HOOKS {
            for before in [
                "#!/bin/sh\nexit 0\n",
                "#!/usr/bin/env bash\n\n\nset -e\nmake",
                "#!/bin/sh",
                "#!/bin/sh\n",
                "#!/bin/sh -e\n# naïve\n",
            ] {
                let with = installed(Some(before), told).unwrap();
                assert!(is_present(&with) && with.starts_with("#!"));
                assert_eq!(installed(Some(&with), told).unwrap(), with, "twice is once");
                assert_eq!(removed(&with, told).as_deref(), Some(before));
                assert_eq!(removed(&with, "of another version").as_deref(), Some(before));
            }
            assert_eq!(removed(&installed(None, told).unwrap(), told), None);
        }
    }

    #[test]
    fn what_is_no_shell_script_is_refused() {
        for text in ["", "exit 0", "#!/usr/bin/env python3\n", "\u{7f}ELF"] {
            assert!(installed(Some(text), "x").is_err(), "{text}");
        }
    }
}
