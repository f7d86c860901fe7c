//! Packs: what is refused and why, what comes back from a round trip, what an installation leaves.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use buddy_render::frame::{Frame, Letters};
use buddy_render::pack::{self, Files, Import, Pack, Store, market};
use buddy_render::pet::Pet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> PathBuf {
    root().join("fixtures/packs")
}

fn hostile() -> Vec<(PathBuf, String)> {
    let list = fs::read_to_string(fixtures().join("refused.txt")).unwrap();
    let row = |line: &str| {
        let (file, kind) = line.split_once('\t').unwrap();
        (fixtures().join("hostile").join(file), kind.to_owned())
    };
    list.lines().map(row).collect()
}

/// The files of a pack that has one of our own pets in it.
fn null_pack() -> Files {
    let manifest = "format = 1\nid = \"ada/cats\"\nversion = \"1.2.0\"\nlicence = \"MIT OR Apache-2.0\"\nauthors = [\"Ada\"]\npets = [\"null\"]\n[a11y.null]\nidle = \"Null sits.\"\n";
    let mut files = Files::default();
    files.insert(pack::MANIFEST, manifest.into()).unwrap();
    for file in ["pet.toml", "ascii.txt", "null.lottie"] {
        let bytes = fs::read(root().join("pets/null").join(file)).unwrap();
        files.insert(&format!("pets/null/{file}"), bytes).unwrap();
    }
    files
}

fn about(id: &str) -> Import {
    Import { id: id.parse().unwrap(), licence: "CC0-1.0".into(), author: "Ada".into() }
}

#[test]
fn every_hostile_pack_is_refused_for_its_own_reason() {
    let mut wrong = Vec::new();
    for (file, kind) in hostile() {
        let found = Pack::open(&file);
        let told = found.as_ref().map_or_else(|error| error.kind(), |_| "taken");
        if told != kind {
            wrong.push(format!("{}: {told}, not {kind}: {:?}", file.display(), found.err()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(hostile().len() >= 25);
    Pack::open(&fixtures().join("good.buddypack")).unwrap();
}

/// One second of a processor and 128 MB of addresses, for the program as a whole: what needs more
/// is killed by the system, which is no exit code 1.
#[cfg(target_os = "linux")]
#[test]
fn every_hostile_pack_is_refused_in_little_time_and_memory() {
    for (file, _) in hostile() {
        let done = Command::new("sh")
            .args(["-c", "ulimit -v 131072 && ulimit -t 1 && exec \"$@\"", "sh"])
            .args([env!("CARGO_BIN_EXE_buddy-render"), "pack", "verify"])
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{}: {said}", file.display());
        assert!(said.contains("hint: "), "{}: {said}", file.display());
    }
}

#[test]
fn sealing_is_reproducible_and_any_changed_byte_is_noticed() {
    let bytes = pack::seal(null_pack()).unwrap();
    assert_eq!(bytes, pack::seal(null_pack()).unwrap());
    let pack = Pack::check(Files::from_zip(&bytes).unwrap()).unwrap();
    assert_eq!(
        pack.pet("null").unwrap().clips().len(),
        Pet::from_dir(&root().join("pets/null")).unwrap().clips().len()
    );
    for (name, content) in pack.files().iter() {
        let mut files = pack.files().clone();
        let mut changed = content.to_vec();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        files.insert(name, changed).unwrap();
        let error = Pack::check(files).unwrap_err();
        assert!(["sums", "missing"].contains(&error.kind()), "{name}: {error}");
    }
    // In the zip too, wherever it is: refused, or a byte that says nothing (a date, a version).
    for at in (0..bytes.len()).step_by(bytes.len() / 400) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        if let Ok(files) = Files::from_zip(&changed) {
            assert!(files == *pack.files() || Pack::check(files).is_err(), "byte {at}");
        }
    }
}

/// The mean difference of two frames' bytes, 0 to 255.
fn difference(a: &Frame, b: &Frame) -> f64 {
    let bytes = a.pixmap().data().iter().zip(b.pixmap().data());
    let sum: u64 = bytes.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.pixmap().data().len() as f64
}

#[test]
fn what_is_exported_to_codex_and_imported_is_the_same_pictures() {
    let ours = Pack::check(Files::from_zip(&pack::seal(null_pack()).unwrap()).unwrap()).unwrap();
    let exported = pack::export_codex(&ours, "null").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in exported.iter() {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let imported = pack::import(folder.path(), &about("ada/null")).unwrap();
    let imported = Pack::check_unsealed(imported).unwrap();
    let (theirs, ours) = (imported.pet("null").unwrap(), ours.pet("null").unwrap());
    // A first frame is drawn in the same way; what is left is that a PNG's alpha is straight.
    for name in ["idle", "happy", "sad", "work", "celebrate"] {
        let mut frames = [&theirs, &ours].map(|pet| {
            let mut frame = Frame::new(pack::CODEX_CELL).unwrap();
            let at = pet.clip(name).unwrap().start + std::time::Duration::from_millis(1);
            pet.scene().unwrap().draw(at, &mut frame);
            frame
        });
        let [a, b] = &mut frames;
        assert!(difference(a, b) < 0.05, "{name}: {}", difference(a, b));
        assert!(a.pixmap().pixels().iter().any(|p| p.alpha() == 255), "{name} is empty");
    }
    // And once more: a sheet's cells are found again, byte for byte.
    let again = pack::export_codex(&imported, "null").unwrap();
    let decode = |files: &Files| {
        image::load_from_memory(files.get("spritesheet.png").unwrap()).unwrap().into_rgba8()
    };
    let (first, second) = (decode(&exported), decode(&again));
    let far = first.iter().zip(second.iter()).filter(|(a, b)| a != b).count();
    assert!(far * 1000 < first.len(), "{far} of {} bytes differ", first.len());
}

/// A sheet of a standard grid whose every cell is of another colour.
fn codex_sheet(rows: u32, scale: u32) -> image::RgbaImage {
    let cell = (192 * scale / 4, 208 * scale / 4);
    image::RgbaImage::from_fn(cell.0 * 8, cell.1 * rows, |x, y| {
        let shade = |n: u32| u8::try_from(40 + n * 20).unwrap();
        image::Rgba([shade(x / cell.0), shade(y / cell.1), 90, 255])
    })
}

#[test]
fn codex_packs_of_both_grids_and_any_scale_are_read() {
    for (rows, scale, clips) in [(9, 4, 9), (11, 4, 11), (9, 2, 9), (11, 1, 11)] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pet.json"), r#"{"displayName": "Tin \"x\"", "animations": {"dance": {"frames": [1, 2], "fps": 60, "fallback": "jumping"}}}"#).unwrap();
        codex_sheet(rows, scale).save(folder.path().join("spritesheet.webp")).unwrap();
        let pack =
            Pack::check_unsealed(pack::import(folder.path(), &about("ada/tin")).unwrap()).unwrap();
        let pet = pack.pet("tin").unwrap();
        assert_eq!(pet.clips().len(), clips + 1, "{rows} rows");
        assert_eq!((pet.title().as_str(), pet.fallback("dance")), ("Tin \"x\"", Some("celebrate")));
        // "review" is the ninth row.
        let mut frame = Frame::new(pack::CODEX_CELL).unwrap();
        pet.scene().unwrap().draw(pet.clip("happy").unwrap().start, &mut frame);
        let middle = frame.pixmap().pixel(96, 104).unwrap();
        assert_eq!((middle.red(), middle.green(), middle.alpha()), (40, 200, 255));
    }
}

#[test]
fn codex_packs_that_lead_out_or_off_the_grid_are_refused() {
    let bad = [
        (r#"{"spritesheetPath": "../spritesheet.webp"}"#, 9, "manifest"),
        (r#"{"spritesheetPath": "/etc/passwd"}"#, 9, "manifest"),
        (r#"{"animations": {"idle": {"frames": [0], "fps": 61}}}"#, 9, "manifest"),
        (r#"{"animations": {"idle": {"frames": []}}}"#, 9, "manifest"),
        (r#"{"animations": {"idle": {"frames": [72]}}}"#, 9, "manifest"),
        (r#"{"frame": {"width": 192, "height": 208, "columns": 7, "rows": 9}}"#, 9, "manifest"),
        ("{}", 10, "drawing"),
        ("[]", 9, "manifest"),
    ];
    for (manifest, rows, kind) in bad {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pet.json"), manifest).unwrap();
        codex_sheet(rows, 1).save(folder.path().join("spritesheet.webp")).unwrap();
        let error = pack::import(folder.path(), &about("ada/tin")).unwrap_err();
        assert_eq!(error.kind(), kind, "{manifest}: {error}");
    }
}

#[test]
fn lone_pictures_become_pets_of_one_clip() {
    let folder = tempfile::tempdir().unwrap();
    let export = |name: &str| {
        let path = folder.path().join(name);
        let done = Command::new(env!("CARGO_BIN_EXE_buddy-render"))
            .args(["export", "null", "--clip", "happy", "--fps", "12", "--size", "48x48", "-o"])
            .arg(&path)
            .status();
        assert!(done.unwrap().success());
        path
    };
    let files = ["a.gif", "a.apng", "a.webp"].map(export);
    let ours = ["pets/null/null.svg", "pets/null/null.lottie"].map(|file| root().join(file));
    for file in files.iter().chain(&ours) {
        let pack = pack::seal(pack::import(file, &about("ada/tin")).unwrap()).unwrap();
        let pack = Pack::check(Files::from_zip(&pack).unwrap()).unwrap();
        let pet = pack.pet("tin").unwrap();
        let clip = pet.clip("idle").unwrap();
        let mut frame = Frame::new(pack::CODEX_CELL).unwrap();
        pet.scene().unwrap().draw(clip.start, &mut frame);
        let drawn = frame.pixmap().pixels().iter().filter(|p| p.alpha() == 255).count();
        assert!(drawn > 1000, "{}: {drawn} pixels", file.display());
    }
}

/// An index with one pack in it, and that pack's row.
fn index(folder: &Path) -> (PathBuf, String) {
    let bytes = pack::seal(null_pack()).unwrap();
    let file = folder.join("cats.buddypack");
    fs::write(&file, &bytes).unwrap();
    let row = format!(
        "[[pack]]\nid = \"ada/cats\"\nversion = \"1.2.0\"\nsha256 = \"{}\"\nsize = {}\nlicence = \"MIT\"\npath = \"cats.buddypack\"\n",
        pack::sha256(&bytes),
        bytes.len()
    );
    fs::write(folder.join(market::INDEX), &row).unwrap();
    (file, row)
}

#[test]
fn a_pack_is_installed_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (file, row) = index(folder.path());
    let store = Store::new(folder.path().join("store"));
    let offers = market::offers(folder.path()).unwrap();
    let id = "ada/cats".parse().unwrap();
    store.install(market::newest(&offers, &id).unwrap().fetch().unwrap()).unwrap();
    assert_eq!(store.list(), std::slice::from_ref(&id));
    let before = store.open(&id).unwrap();
    // A tampered file is not opened at all, and the old pack stays.
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(offers[0].fetch().unwrap_err().kind(), "sums");
    bytes.push(0);
    fs::write(&file, &bytes).unwrap();
    assert_eq!(offers[0].fetch().unwrap_err().kind(), "limit");
    assert_eq!(store.open(&id).unwrap().files(), before.files());
    let left: Vec<_> = fs::read_dir(folder.path().join("store/ada")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(store.remove(&id).unwrap() && !store.remove(&id).unwrap());
    for (old, new) in [("cats.buddypack", "../cats.buddypack"), ("ada/cats", "../cats")] {
        fs::write(folder.path().join(market::INDEX), row.replace(old, new)).unwrap();
        assert_eq!(market::offers(folder.path()).unwrap_err().kind(), "manifest");
    }
}

#[test]
fn an_installed_pet_is_found_by_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = index(folder.path());
    let mut files = Files::open(&fixtures().join("good.buddypack")).unwrap();
    files.remove(pack::SUMS);
    let tin = folder.path().join("tin.buddypack");
    fs::write(&tin, pack::seal(files).unwrap()).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_buddy-render"));
        command.args(args).env("XDG_DATA_HOME", folder.path().join("data")).output().unwrap()
    };
    assert!(run(&["pack", "add", file.to_str().unwrap()]).status.success());
    assert!(run(&["pack", "add", tin.to_str().unwrap()]).status.success());
    let listed = String::from_utf8(run(&["pack", "list"]).stdout).unwrap();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    for name in ["tin", "ada/tin", "ada/tin/tin", "ada/cats/null", tin.to_str().unwrap()] {
        let done = run(&["export", name, "-o", folder.path().join("a.png").to_str().unwrap()]);
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert!(!run(&["export", "ada/other", "-o", "a.png"]).status.success());
}

#[test]
fn lint_finds_what_is_planted_and_little_in_our_own() {
    let rules = |files: Files| {
        let findings = pack::lint(&Pack::check_unsealed(files).unwrap()).unwrap();
        findings.iter().map(|found| found.rule).collect::<Vec<_>>()
    };
    let good = rules(null_pack());
    for rule in ["contrast", "alpha", "flash", "empty", "fallback"] {
        assert!(!good.contains(&rule), "null: {good:?}");
    }
    // Black and white cells, seen for 50 ms each: ten flashes a second, dark at first.
    let sheet = image::RgbaImage::from_fn(16, 8, |x, _| {
        image::Rgba(if x < 8 { [0, 0, 0, 255] } else { [255, 255, 255, 255] })
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    sheet.save(&path).unwrap();
    let mut files = pack::import(&path, &about("ada/tin")).unwrap();
    let long = "0, 1, ".repeat(10);
    let table = format!(
        "cell = [8, 8]\n[clips.idle]\nframes = [{long}]\nfps = 20\n[clips.happy]\nframes = [0]\nmilliseconds = [3000]\n"
    );
    files.insert("pets/tin/sprites.toml", table.into_bytes()).unwrap();
    files.insert("pets/tin/ascii.txt", b"[idle]\n(o.o)\n".to_vec()).unwrap();
    let found = rules(files);
    for rule in ["contrast", "flash", "duplicate", "text", "letters"] {
        assert!(found.contains(&rule), "{rule} is not in {found:?}");
    }
}

#[test]
fn an_authors_key_is_trusted_on_first_use_and_no_other_after() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("store"));
    let open = |name: &str| Pack::open(&fixtures().join(name)).unwrap();
    assert!(open("signed.buddypack").signer().is_some());
    assert!(store.install(open("signed.buddypack")).unwrap().new_key);
    assert!(!store.install(open("signed.buddypack")).unwrap().new_key);
    for other in ["signed-by-another.buddypack", "good.buddypack"] {
        assert_eq!(store.install(open(other)).unwrap_err().kind(), "signature", "{other}");
    }
    assert!(store.open(&"ada/tin".parse().unwrap()).unwrap().signer().is_some());
    // New sums for a changed file are not what was signed.
    let mut files = open("signed.buddypack").files().clone();
    files.insert("pets/tin/ascii.txt", b"[idle]\n(x.x)\n".to_vec()).unwrap();
    assert_eq!(pack::seal(files).unwrap_err().kind(), "signature");
}

#[test]
fn a_folder_is_built_signed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tin.buddypack");
    for (name, ok) in
        [("good.buddypack", true), ("signed.buddypack", true), ("signed.buddypack", false)]
    {
        let source = tempfile::tempdir().unwrap();
        for (file, bytes) in Files::open(&fixtures().join(name)).unwrap().iter() {
            let path = source.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        if !ok {
            fs::remove_file(source.path().join(pack::SIGNATURE)).unwrap();
        }
        fs::remove_file(source.path().join(pack::SUMS)).unwrap();
        let mut build = Command::new(env!("CARGO_BIN_EXE_buddy-render"));
        let done = build.args(["pack", "build"]).arg(source.path()).arg("-o").arg(&out).output();
        let said = String::from_utf8(done.as_ref().unwrap().stderr.clone()).unwrap();
        assert_eq!(done.unwrap().status.success(), ok, "{name}: {said}");
        assert!(source.path().join(pack::SUMS).exists());
        assert!(ok || said.contains("minisign -S"), "{said}");
        if ok {
            assert_eq!(Pack::open(&out).unwrap().signer().is_some(), name == "signed.buddypack");
            Pack::open(source.path()).unwrap();
        }
    }
}

/// What the program opened, from strace; none where there is no strace.
#[cfg(target_os = "linux")]
fn opened(args: &[&str], data: &Path) -> Option<Vec<String>> {
    let log = data.join("strace.log");
    let done = Command::new("strace")
        .args(["-f", "-e", "trace=open,openat,openat2,connect,execve", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_buddy-render"))
        .args(args)
        .env("XDG_DATA_HOME", data)
        .output();
    if done.is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: tests/lab/install.sh");
        return None;
    }
    let log = fs::read_to_string(log).unwrap();
    let path = |line: &str| Some(line.split('"').nth(1)?.to_owned());
    Some(log.lines().filter(|l| !l.contains("ENOENT")).filter_map(path).collect())
}

#[cfg(target_os = "linux")]
#[test]
fn a_pack_opens_nothing_outside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (cats, _) = index(folder.path());
    let mut packs = vec![cats, fixtures().join("good.buddypack")];
    let asks = ["svg-", "lottie-", "zip-symlink", "name-traversal", "sprites-"];
    packs.extend(hostile().into_iter().map(|(file, _)| file).filter(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        asks.iter().any(|start| name.starts_with(start))
    }));
    // What any program opens: its libraries, what the system tells it, and itself.
    let system = |path: &str| {
        ["/lib", "/usr/lib", "/etc/ld.so", "/proc/self", "/sys/fs/cgroup", "/dev/null"]
            .iter()
            .any(|s| path.starts_with(s))
            || path == env!("CARGO_BIN_EXE_buddy-render")
    };
    for pack in packs {
        let (pack, out) = (pack.to_str().unwrap(), folder.path().join("a.png"));
        let out = out.to_str().unwrap();
        let Some(opened) = opened(&["export", pack, "-o", out], folder.path()) else { return };
        assert!(opened.iter().any(|path| path == pack), "{pack}: {opened:?}");
        let outside: Vec<_> =
            opened.iter().filter(|p| *p != pack && *p != out && !system(p)).collect();
        assert!(outside.is_empty(), "{pack} opened {outside:?}");
    }
}

#[test]
fn a_packs_words_and_lines_are_said() {
    use buddy_render::mood::{Companion, Effect, Input, Mind};
    let mut files = Files::open(&fixtures().join("good.buddypack")).unwrap();
    files.remove("SHA256SUMS");
    let lines =
        "[lines]\nwake = [\"beep\"]\n[words]\nidle = \"Not this.\"\nexit = \"Off it goes.\"";
    files.insert("pets/tin/lines.toml", lines.as_bytes().to_vec()).unwrap();
    files.insert("pets/tin/lines.de.toml", b"[lines]\nwake = [\"piep\"]".to_vec()).unwrap();
    let symbols = "cyan: ◉\n[idle]\n◉‿◉\n";
    files.insert("pets/tin/symbols.txt", symbols.as_bytes().to_vec()).unwrap();
    let pack = Pack::check_unsealed(files.clone()).unwrap();
    let told = pack.words("tin").unwrap()["idle"].clone();
    let pet = pack.pet("tin").unwrap();
    let german = pet.personality("de".parse().ok().as_ref());
    assert_eq!(german.lines["wake"].any[0].as_str(), "piep");
    assert_eq!(pet.poses("idle", Letters::Symbols)[0].art.lines(), ["◉‿◉"]);
    let mut mind = Companion::new(pet.personality(None), Vec::new(), 1);
    mind.calm();
    let mut effects = mind.step(Duration::ZERO, Input::Tick);
    effects.extend(mind.step(Duration::from_secs(1), Input::EndOfInput));
    let sentences: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Describe(sentence) => Some(sentence.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(sentences, [told.as_str(), "Off it goes."]);
    files.insert("pets/tin/lines.toml", b"[lines]\nwake = 3".to_vec()).unwrap();
    assert_eq!(Pack::check_unsealed(files).unwrap_err().kind(), "pet");
}
