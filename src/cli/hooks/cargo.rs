//! Our aliases in cargo's configuration, and the command behind them. An alias of cargo's can name
//! nothing but commands of cargo's, so that there is one: a script called `cargo-buddy`.

use super::block::{self, Block, Side};
use toml::Table;

/// What the aliases are.
const ALIASES: &str = "bt = \"buddy test\"\nbc = \"buddy clippy\"\nbb = \"buddy build\"\n";
const HEADER: &str = "[alias]";

/// Where there are none yet.
const WITH_HEADER: Block = Block {
    name: "",
    side: Side::End,
    text: "[alias]\nbt = \"buddy test\"\nbc = \"buddy clippy\"\nbb = \"buddy build\"\n",
};
/// Among somebody's own.
const AMONG: Block = Block { name: "", side: Side::Below(HEADER), text: ALIASES };

/// How the script begins, whatever version wrote it.
const FIRST: &str = "#!/bin/sh\n# Made by buddy-render, and gone with it.\n";
/// Runs us; where we are gone, cargo, as if nobody had been there.
const SCRIPT: &str = "#!/bin/sh\n# Made by buddy-render, and gone with it.\n\
    shift\n\
    command -v buddy-render >/dev/null 2>&1 || exec \"${CARGO:-cargo}\" \"$@\"\n\
    exec buddy-render cargo \"$@\"\n";

/// The configuration with our aliases.
pub(super) fn installed(text: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let base = match text {
        Some(text) => removed(text)?,
        None => None,
    };
    let Some(base) = base else { return block::installed(None, &[WITH_HEADER]) };
    let mut wanted = parsed(&base)?;
    let among = wanted.contains_key("alias");
    let aliases = wanted.entry("alias").or_insert_with(|| Table::new().into());
    let aliases = aliases.as_table_mut().ok_or("alias is no table in it")?;
    for (name, value) in parsed(ALIASES.as_bytes())? {
        if aliases.insert(name.clone(), value).is_some() {
            return Err(format!("it has an alias {name} of its own"));
        }
    }
    let after = block::installed(Some(&base), &[if among { AMONG } else { WITH_HEADER }])?;
    // Whatever the text looks like: it must say what it said, and ours.
    if parsed(&after).ok().as_ref() != Some(&wanted) {
        return Err(format!("its aliases stand below no line {HEADER}"));
    }
    Ok(after)
}

/// The configuration without our aliases; nothing where it was made for them.
pub(super) fn removed(text: &[u8]) -> Result<Option<Vec<u8>>, String> {
    block::removed(text, &[AMONG])
}

/// Whether they are there.
pub(super) fn present(text: &[u8]) -> Result<usize, String> {
    block::present(text, &[AMONG])
}

/// The script. One of that name that is not ours stays.
pub(super) fn script(text: Option<&[u8]>) -> Result<Vec<u8>, String> {
    match text {
        Some(text) if !is_ours(text) => Err("it is another program's".to_owned()),
        _ => Ok(SCRIPT.as_bytes().to_vec()),
    }
}

/// Whether a script is ours.
pub(super) fn is_ours(text: &[u8]) -> bool {
    text.starts_with(FIRST.as_bytes())
}

fn parsed(text: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    toml::from_str(text).map_err(|error| format!("it is no TOML: {}", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_to_the_byte() {
        for before in [
            "",
            "\n",
            "# mine",
            "[build]\njobs = 2\n",
            "[build]\njobs = 2",
            "[build]\r\njobs = 2\r\n",
            "[alias]\n",
            "[alias]",
            "  [alias]  # mine\nx = \"check\"\n[build]\njobs = 1\n",
            "[alias]\r\nx = \"check\"\r\n",
            "[net]\noffline = true\n\n[alias]\nx = [\"a\", \"b\"]",
            "s = '''\n# >>> x >>>\n'''\n",
        ] {
            let with =
                installed(Some(before.as_bytes())).unwrap_or_else(|e| panic!("{before}: {e}"));
            let table = parsed(&with).unwrap();
            assert_eq!(table["alias"]["bt"].as_str(), Some("buddy test"), "{before}");
            assert_eq!(present(&with).unwrap(), 1);
            assert_eq!(installed(Some(&with)).unwrap(), with, "twice is once: {before}");
            assert_eq!(removed(&with).unwrap().as_deref(), Some(before.as_bytes()));
        }
        let fresh = installed(None).unwrap();
        assert_eq!(installed(Some(&fresh)).unwrap(), fresh);
        assert_eq!(removed(&fresh).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_or_is_somebodys_own_is_refused() {
        for text in [
            "[alias",
            "alias = 1",
            "alias.x = \"check\"\n",
            "alias = { x = \"check\" }\n",
            "[alias]\nbt = \"mine\"\n",
            "s = '''\n[alias]\n'''\n[ alias ]\nx = \"check\"\n",
            "# caf\u{e9}\u{0}\n",
        ] {
            assert!(installed(Some(text.as_bytes())).is_err(), "{text}");
        }
        assert!(installed(Some(b"# \xff\n")).is_err());
        assert!(script(Some(b"#!/bin/sh\necho mine\n")).is_err());
        assert_eq!(script(Some(FIRST.as_bytes())).unwrap(), SCRIPT.as_bytes());
        assert!(is_ours(&script(None).unwrap()) && !is_ours(b""));
    }
}
