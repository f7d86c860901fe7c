//! Where documentation lies on this machine, and how a page of it is found. Nothing is fetched.

use super::explain;
use super::question::{Language, Question, is_error_code};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The most folders of one shelf that are looked into.
const MAX_FOLDERS: usize = 64;
/// The longest page that is searched, in bytes: the list of a crate's items, or of lints.
const MAX_PAGE: u64 = 8 << 20;
/// The kinds of items that have a page in rustdoc's books.
const KINDS: &[&str] =
    &["struct", "enum", "trait", "macro", "fn", "type", "union", "primitive", "constant", "attr"];
/// The sections of the manual that a programmer means, and those that a shell means.
const FOR_C: &[&str] = &["3", "2", "7", "3posix"];
const FOR_SHELLS: &[&str] = &["1", "8", "1posix"];

/// A page that the user can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Where it is: a path, with `#` and a place in the page where there is one.
    pub path: String,
}

/// The shelves. Each path is absolute; what is not there is passed by.
#[derive(Clone, Debug, Default)]
pub struct Shelves {
    /// The compiler, and all that it is told of the environment.
    pub rustc: Option<(PathBuf, Vec<(OsString, OsString)>)>,
    /// Folders with rustdoc's books: `std`, `error_codes`, `rustc`.
    pub books: Vec<PathBuf>,
    /// Folders with a crate's documentation in each folder, such as `target/doc`.
    pub crates: Vec<PathBuf>,
    /// Folders with `man1`, `man2` and so on.
    pub manuals: Vec<PathBuf>,
    /// Folders with tldr's `common` and `linux`.
    pub tldr: Vec<PathBuf>,
    /// Where explanations are kept that the compiler gives, so that they can be opened.
    pub kept: Option<PathBuf>,
}

impl Shelves {
    /// The page that answers best, if there is one.
    #[must_use]
    pub fn find(&self, question: &Question) -> Option<Page> {
        let code = question.code.as_deref();
        let mut names = question.names.iter().map(String::as_str);
        match question.language {
            Language::Rust => code
                .and_then(|code| self.error(code).or_else(|| self.lint(code)))
                .or_else(|| names.find_map(|name| self.item(name))),
            Language::C => names.find_map(|name| self.manual(name, FOR_C)),
            Language::Shell => {
                names.find_map(|name| self.tldr(name).or_else(|| self.manual(name, FOR_SHELLS)))
            }
        }
    }

    /// An error's explanation: in the book of them, or from the compiler itself.
    fn error(&self, code: &str) -> Option<Page> {
        if !is_error_code(code) {
            return None;
        }
        let in_book = |book: &PathBuf| is_file(&book.join(format!("error_codes/{code}.html")));
        if let Some(path) = self.books.iter().find_map(in_book) {
            return Some(Page { title: code.to_owned(), path: shown(&path) });
        }
        let kept = self.kept.as_ref()?.join(format!("{code}.md"));
        let text = match read(&kept) {
            Some(text) => text,
            None => {
                let (rustc, environment) = self.rustc.as_ref()?;
                let text = explain::ask(rustc, environment, code)?;
                explain::keep(&kept, &text).ok()?;
                text
            }
        };
        let title = text.lines().map(str::trim).find(is_sentence).unwrap_or_default();
        Some(Page { title: format!("{code}: {title}"), path: shown(&kept) })
    }

    /// A lint's description in the compiler's book.
    fn lint(&self, name: &str) -> Option<Page> {
        let anchor = name.replace('_', "-");
        let lists = ["warn-by-default", "deny-by-default", "allowed-by-default"];
        self.books.iter().find_map(|book| {
            lists.iter().find_map(|list| {
                let path = is_file(&book.join(format!("rustc/lints/listing/{list}.html")))?;
                let has = read(&path)?.contains(&format!("id=\"{anchor}\""));
                has.then(|| Page {
                    title: name.to_owned(),
                    path: format!("{}#{anchor}", shown(&path)),
                })
            })
        })
    }

    /// An item of the standard library or of a crate that was documented here.
    fn item(&self, name: &str) -> Option<Page> {
        let std = self.books.iter().map(|book| book.join("std"));
        let crates = self.crates.iter().flat_map(|folder| folders(folder));
        std.chain(crates).find_map(|folder| item_in(&folder, name))
    }

    fn manual(&self, name: &str, sections: &[&str]) -> Option<Page> {
        sections.iter().find_map(|section| {
            let folder = format!("man{}", section.get(..1)?);
            let ends = ["", ".gz", ".xz", ".zst", ".bz2"];
            let found = self.manuals.iter().find_map(|manual| {
                let at = |end: &&str| {
                    is_file(&manual.join(&folder).join(format!("{name}.{section}{end}")))
                };
                ends.iter().find_map(at)
            })?;
            Some(Page { title: format!("{name}({section})"), path: shown(&found) })
        })
    }

    fn tldr(&self, name: &str) -> Option<Page> {
        let name = name.to_ascii_lowercase();
        let systems = ["common", "linux", "osx"];
        let found = self.tldr.iter().find_map(|pages| {
            systems.iter().find_map(|s| is_file(&pages.join(s).join(format!("{name}.md"))))
        })?;
        Some(Page { title: format!("tldr {name}"), path: shown(&found) })
    }
}

/// An item in the list of all that a crate has.
fn item_in(folder: &Path, name: &str) -> Option<Page> {
    let list = read(&is_file(&folder.join("all.html"))?)?;
    let ends: Vec<String> = KINDS.iter().map(|kind| format!("{kind}.{name}.html")).collect();
    let links = list.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut links = links.filter(|link| {
        let page = link.rsplit('/').next().unwrap_or(link);
        ends.iter().any(|end| end == page) && !link.contains("..") && !link.starts_with('/')
    });
    let link = links.find(|link| is_file(&folder.join(link)).is_some())?;
    let mut parts: Vec<&str> = vec![folder.file_name()?.to_str()?];
    parts.extend(link.split('/').filter(|part| !part.ends_with(".html")));
    parts.push(name);
    Some(Page { title: parts.join("::"), path: shown(&folder.join(link)) })
}

fn is_sentence(line: &&str) -> bool {
    !line.is_empty() && !line.starts_with(['#', '`']) && line.contains(' ')
}

fn is_file(path: &Path) -> Option<PathBuf> {
    fs::metadata(path).is_ok_and(|about| about.is_file()).then(|| path.to_owned())
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten().take(MAX_FOLDERS);
    entries.map(|entry| entry.path()).collect()
}

fn read(path: &Path) -> Option<String> {
    let file = File::open(is_file(path)?).ok()?;
    let mut text = String::new();
    file.take(MAX_PAGE).read_to_string(&mut text).ok()?;
    Some(text)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn asked(language: Language, code: &str, names: &[&str]) -> Question {
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        Question { language, code, names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn each_shelf_has_its_page() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        put(&at("html/error_codes/E0308.html"), "");
        put(&at("html/rustc/lints/listing/warn-by-default.html"), "<h2 id=\"unused-variables\">");
        put(&at("html/std/all.html"), "<a href=\"vec/struct.Vec.html\">vec::Vec</a>");
        put(&at("html/std/vec/struct.Vec.html"), "");
        put(
            &at("doc/mine/all.html"),
            "<a href=\"a/trait.Shape.html\"> <a href=\"../../trait.Up.html\">",
        );
        put(&at("doc/mine/a/trait.Shape.html"), "");
        put(&at("trait.Up.html"), "");
        put(&at("man/man3/strcpy.3.gz"), "");
        put(&at("man/man1/tar.1"), "");
        put(&at("pages/common/tar.md"), "# tar");
        let shelves = Shelves {
            rustc: None,
            books: vec![at("html")],
            crates: vec![at("none"), at("doc")],
            manuals: vec![at("man")],
            tldr: vec![at("pages")],
            kept: None,
        };
        let found = |question| shelves.find(&question).map(|page| (page.title, page.path));
        let page = |title: &str, path: &str| Some((title.to_owned(), shown(&at(path))));
        let rust = |code, names| found(asked(Language::Rust, code, names));
        assert_eq!(rust("E0308", &[]), page("E0308", "html/error_codes/E0308.html"));
        let lint = "html/rustc/lints/listing/warn-by-default.html#unused-variables";
        assert_eq!(rust("unused_variables", &[]), page("unused_variables", lint));
        assert_eq!(
            rust("", &["foo", "Vec"]),
            page("std::vec::Vec", "html/std/vec/struct.Vec.html")
        );
        assert_eq!(rust("", &["Shape"]), page("mine::a::Shape", "doc/mine/a/trait.Shape.html"));
        assert_eq!(rust("E9999", &["Up"]), None);
        assert_eq!(
            found(asked(Language::C, "", &["strcpy"])),
            page("strcpy(3)", "man/man3/strcpy.3.gz")
        );
        assert_eq!(
            found(asked(Language::Shell, "", &["tar"])),
            page("tldr tar", "pages/common/tar.md")
        );
        fs::remove_file(at("pages/common/tar.md")).unwrap();
        assert_eq!(found(asked(Language::Shell, "", &["tar"])), page("tar(1)", "man/man1/tar.1"));
    }
}
