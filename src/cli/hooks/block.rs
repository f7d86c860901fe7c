//! Our lines in files where a `#` begins a comment: marked blocks at the top or the end, of which
//! nothing is left when they are taken out. Files are bytes here: what encoding a comment of theirs
//! is in is none of our business.

use std::ops::Range;

/// How a block's first and last line begin; its name follows where it has one.
const BEGIN: &str = "# >>> buddy-render";
const END: &str = "# <<< buddy-render";
/// Notes on the first line, of what else came with the block.
const MADE: &str = " (and the file)";
const LINE_END: &str = " (and the line end before it)";

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Top,
    End,
    /// Below the first line that says this, with whatever comment after it.
    Below(&'static str),
}

/// A block: what it is called, where it goes, and what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) side: Side,
    pub(super) text: &'static str,
}

impl Block {
    fn begin(&self) -> String {
        format!("{BEGIN}{} >>>", self.spaced())
    }

    fn end(&self) -> String {
        format!("{END}{} <<<", self.spaced())
    }

    fn spaced(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" {}", self.name) }
    }

    /// All of it, but for the last line's end.
    fn whole(&self, note: &str) -> Vec<u8> {
        format!("{}{note}\n{}{}", self.begin(), self.text, self.end()).into_bytes()
    }
}

/// A block that is there.
struct Found {
    /// From the first mark's line to the last one's, without its line end.
    range: Range<usize>,
    note: &'static str,
}

/// The file with the blocks, each as it is now written; where there was none, a file of their own.
pub(super) fn installed(text: Option<&[u8]>, blocks: &[Block]) -> Result<Vec<u8>, String> {
    let mut text = match text {
        None => return Ok(fresh(blocks)),
        Some(text) => text.to_vec(),
    };
    if text.contains(&0) {
        return Err("it is no text".to_owned());
    }
    for block in blocks {
        if let Some(found) = find(&text, block)? {
            text.splice(found.range, block.whole(found.note));
            continue;
        }
        match block.side {
            Side::Top => {
                let mut whole = block.whole("");
                whole.push(b'\n');
                text.splice(0..0, whole);
            }
            Side::End => {
                let end = text.len();
                put(&mut text, end, block)?;
            }
            Side::Below(header) => {
                let at = below(&text, header).ok_or(format!("there is no line {header} in it"))?;
                put(&mut text, at, block)?;
            }
        }
    }
    Ok(text)
}

/// The file without the blocks; nothing where it was made for them and nobody else used it.
pub(super) fn removed(text: &[u8], blocks: &[Block]) -> Result<Option<Vec<u8>>, String> {
    let (mut text, mut made) = (text.to_vec(), false);
    // The last that came is the first to go.
    for block in blocks.iter().rev() {
        let Some(Found { range: Range { mut start, mut end }, note }) = find(&text, block)? else {
            continue;
        };
        made |= note == MADE;
        let tail = text.get(end..).unwrap_or_default();
        end +=
            [&b"\r\n"[..], b"\n"].iter().find(|le| tail.starts_with(le)).map_or(0, |le| le.len());
        if note == LINE_END && text.get(..start).is_some_and(|head| head.ends_with(b"\n")) {
            start -= 1;
        }
        text.drain(start..end);
    }
    Ok(if made && text.is_empty() { None } else { Some(text) })
}

/// How many of the blocks are there.
pub(super) fn present(text: &[u8], blocks: &[Block]) -> Result<usize, String> {
    let found: Result<Vec<_>, _> = blocks.iter().map(|block| find(text, block)).collect();
    Ok(found?.iter().flatten().count())
}

fn fresh(blocks: &[Block]) -> Vec<u8> {
    let mut text = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        text.extend(block.whole(if at == 0 { MADE } else { "" }));
        text.push(b'\n');
    }
    text
}

/// Puts the block at a place where a line ends, or the text does.
fn put(text: &mut Vec<u8>, at: usize, block: &Block) -> Result<(), String> {
    let head = text.get(..at).unwrap_or_default();
    if head.strip_suffix(b"\n").unwrap_or(head).ends_with(b"\\") {
        return Err("its last line goes on into the next".to_owned());
    }
    let whole = head.is_empty() || head.ends_with(b"\n");
    let mut put = if whole { Vec::new() } else { vec![b'\n'] };
    put.extend(block.whole(if whole { "" } else { LINE_END }));
    put.push(b'\n');
    text.splice(at..at, put);
    Ok(())
}

/// Where the line after the header begins.
fn below(text: &[u8], header: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let said = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        if said.trim_ascii() == header.as_bytes() {
            return Some(at);
        }
    }
    None
}

/// Where the block stands. One without its other mark, or more than one, is nobody's to cut.
fn find(text: &[u8], block: &Block) -> Result<Option<Found>, String> {
    let (begin, end) = (block.begin(), block.end());
    let (mut at, mut open, mut found) = (0, None, None);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        match (bare.strip_prefix(begin.as_bytes()).and_then(note), bare == end.as_bytes()) {
            (Some(note), _) if open.is_none() && found.is_none() => open = Some((at, note)),
            (None, false) => {}
            (None, true) if open.is_some() => {
                found =
                    open.take().map(|(start, note)| Found { range: start..at + bare.len(), note });
            }
            _ => return Err(damaged(&begin, &end)),
        }
        at += line.len();
    }
    if open.is_some() { Err(damaged(&begin, &end)) } else { Ok(found) }
}

/// The note behind a first mark; nothing where it is no mark.
fn note(rest: &[u8]) -> Option<&'static str> {
    ["", MADE, LINE_END].into_iter().find(|note| rest == note.as_bytes())
}

fn damaged(begin: &str, end: &str) -> String {
    format!("there is not one {begin:?} with one {end:?} after it")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: [&[Block]; 3] = [
        &[Block { name: "", side: Side::Top, text: "one\n" }],
        &[Block { name: "", side: Side::End, text: "one\n" }],
        &[
            Block { name: "start", side: Side::Top, text: "one\n" },
            Block { name: "marks", side: Side::End, text: "two\nthree\n" },
        ],
    ];

    fn roundtrip(before: &[u8], blocks: &[Block]) {
        let with = installed(Some(before), blocks).unwrap();
        let shown = String::from_utf8_lossy(before).into_owned();
        assert_eq!(present(&with, blocks).unwrap(), blocks.len(), "{shown:?}");
        assert_eq!(present(before, blocks).unwrap(), 0, "{shown:?}");
        assert_eq!(installed(Some(&with), blocks).unwrap(), with, "twice is once: {shown:?}");
        assert_eq!(removed(&with, blocks).unwrap().as_deref(), Some(before), "{shown:?}");
        assert_eq!(removed(before, blocks).unwrap().as_deref(), Some(before), "{shown:?}");
        // Whatever another version had in it.
        let old: Vec<Block> = blocks.iter().map(|b| Block { text: "old\n\n", ..*b }).collect();
        let with_old = installed(Some(before), &old).unwrap();
        assert_eq!(installed(Some(&with_old), blocks).unwrap(), with, "{shown:?}");
        assert_eq!(removed(&with_old, blocks).unwrap().as_deref(), Some(before), "{shown:?}");
    }

    #[test]
    fn what_was_put_in_comes_out_to_the_byte() {
        for blocks in BLOCKS {
            for before in [
                &b""[..],
                b"\n",
                b"\n\n",
                b"x",
                b"x\n",
                b"#!/bin/zsh\nx\n\n",
                b"x\r\ny\r\n",
                b"x\r\ny",
                b"\r\n",
                b"caf\xe9 # latin\n\xff",
                b"# >>> conda initialize >>>\n# <<< conda initialize <<<\n",
                b"# >>> buddy-renderer >>>\n",
                b"echo '# >>> buddy-render >>>'\n",
                b"x \\\\\ny",
            ] {
                roundtrip(before, blocks);
            }
            let fresh = installed(None, blocks).unwrap();
            assert_eq!(installed(Some(&fresh), blocks).unwrap(), fresh);
            assert_eq!(removed(&fresh, blocks).unwrap(), None);
            // Somebody went on with it.
            let used = [&fresh[..], b"mine\n"].concat();
            assert_eq!(removed(&used, blocks).unwrap().as_deref(), Some(&b"mine\n"[..]));
        }
    }

    #[test]
    fn odd_files_come_out_to_the_byte() {
        let mut random = fastrand::Rng::with_seed(11);
        let pieces: [&[u8]; 14] = [
            b"a",
            b"\n",
            b"\r\n",
            b"\r",
            b" ",
            b"\t",
            b"#",
            b"\xff",
            b"\xef\xbb\xbf",
            b"'",
            b"# >>> other >>>\n",
            b"# <<< other <<<\n",
            b"# <<< buddy-render",
            "é".as_bytes(),
        ];
        for _ in 0..4_000 {
            let mut before = Vec::new();
            for _ in 0..random.usize(0..12) {
                before.extend_from_slice(random.choice(pieces).unwrap());
            }
            for blocks in BLOCKS {
                roundtrip(&before, blocks);
            }
        }
    }

    #[test]
    fn what_was_added_after_the_end_stays() {
        for blocks in BLOCKS {
            let with = installed(Some(b"x"), blocks).unwrap();
            let more = [&with[..], b"export PATH\n"].concat();
            let left = removed(&more, blocks).unwrap().unwrap();
            assert!(String::from_utf8(left).unwrap().ends_with("export PATH\n"));
        }
    }

    #[test]
    fn a_damaged_block_is_left_alone() {
        let blocks = BLOCKS[1];
        let whole = "# >>> buddy-render >>>\none\n# <<< buddy-render <<<\n";
        for text in [
            "# >>> buddy-render >>>\none\n",
            "one\n# <<< buddy-render <<<\n",
            "# <<< buddy-render <<<\n# >>> buddy-render >>>\n",
            "# >>> buddy-render >>>\n# >>> buddy-render >>>\n# <<< buddy-render <<<\n",
            &whole.repeat(2),
            &format!("{whole}# <<< buddy-render <<<"),
        ] {
            assert!(installed(Some(text.as_bytes()), blocks).is_err(), "{text}");
            assert!(removed(text.as_bytes(), blocks).is_err(), "{text}");
            assert!(present(text.as_bytes(), blocks).is_err(), "{text}");
        }
        assert!(installed(Some(b"a\0b"), blocks).is_err());
        assert!(installed(Some(b"export A=1 \\"), blocks).is_err());
        assert!(installed(Some(b"export A=1 \\\n"), blocks).is_err());
    }
}
