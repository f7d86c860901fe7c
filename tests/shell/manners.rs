//! How it begins and ends, and what it keeps away from.

use super::ours::take_out;
use super::window::{BUDDY, Kind, Window, find, ms};

/// A clip begins to play, in kitty.
const PLAYS: &[u8] = b",s=3,v=";

/// Waits until the pet is on the screen.
fn await_pet(window: &mut Window) {
    let sign: &[u8] = match window.kind {
        Kind::Kitty => PLAYS,
        Kind::Sixel => b"q\"1;1;",
        Kind::Plain => "\u{2580}".as_bytes(),
    };
    window.read_until(0, sign);
    window.settle();
}

fn shell(kind: Kind, script: &str) -> Window {
    Window::shell(kind, &[], &["sh", "-c", script])
}

#[test]
fn exit_codes_are_handed_on() {
    for (script, code) in
        [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
    {
        let mut window = shell(Kind::Kitty, script);
        assert_eq!(window.end(), code, "{script}");
        window.assert_restored();
    }
    let mut window = Window::shell(Kind::Kitty, &[], &["/no/such/program"]);
    assert_eq!(window.end(), 1);
    window.settle();
    assert!(window.model.screen().contents().contains("cannot start /no/such/program"));
}

#[test]
fn all_that_is_written_last_arrives() {
    let mut window = shell(Kind::Sixel, "seq 1 20000; printf last");
    assert_eq!(window.end(), 0);
    let (rest, _) = take_out(&window.seen);
    let all: String = (1..=20000).map(|n| format!("{n}\r\n")).collect::<String>() + "last";
    assert!(find(&rest, all.as_bytes()).is_some());
}

#[test]
fn the_child_has_the_windows_size_and_modes_and_environment() {
    let script = "stty size; stty -a | tr ' ' '\\n' | grep -x -e icanon -e echo; echo over=$((BUDDY_SHELL > 1)); umask; printf done";
    let mut window = shell(Kind::Kitty, script);
    window.read_until(0, b"done");
    window.end();
    window.settle();
    let text = window.model.screen().contents();
    for line in ["24 80", "icanon", "echo", "over=1"] {
        assert!(text.lines().any(|found| found.trim() == line), "{line} in {text}");
    }
}

#[test]
fn nothing_of_it_is_left_at_the_end() {
    for kind in [Kind::Kitty, Kind::Sixel, Kind::Plain] {
        let mut window = shell(kind, "printf 'at the prompt'; read line; printf bye");
        await_pet(&mut window);
        window.read_for(ms(300));
        let before = window.seen.len();
        window.type_in(b"\r");
        assert_eq!(window.end(), 0);
        window.settle();
        window.assert_restored();
        let text = window.model.screen().contents();
        assert!(text.starts_with("at the prompt"), "{kind:?}: {text}");
        assert_eq!(text.split_whitespace().last(), Some("bye"), "{kind:?}: {text}");
        match kind {
            // Each image that was sent is freed.
            Kind::Kitty => assert!(find(&window.seen[before..], b"a=d,d=I,i=").is_some()),
            Kind::Sixel | Kind::Plain => assert!(!text.contains('\u{2580}')),
        }
    }
}

#[test]
fn a_killed_shell_is_cleared_up_after() {
    for kind in [Kind::Kitty, Kind::Plain] {
        let protocol = match kind {
            Kind::Kitty => "--protocol kitty --tier animated",
            _ => "--protocol symbols",
        };
        let script = format!(
            "{BUDDY} shell --pet null {protocol} -- sh -c 'echo \"<$BUDDY_SHELL>\"; sleep 30'; sleep 5"
        );
        let mut window = Window::open(kind, &["sh", "-c", &script]);
        let begin = window.read_until(0, b"<") + 1;
        let end = window.read_until(begin, b">");
        let pid: i32 = std::str::from_utf8(&window.seen[begin..end]).unwrap().parse().unwrap();
        await_pet(&mut window);
        let before = window.seen.len();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        window.read_for(ms(1500));
        window.settle();
        window.assert_restored();
        match kind {
            Kind::Kitty => assert!(find(&window.seen[before..], b"a=d,d=I,i=").is_some()),
            _ => assert!(!window.model.screen().contents().contains('\u{2580}')),
        }
    }
}

#[test]
fn a_hung_up_terminal_ends_the_shell() {
    let mut window = shell(
        Kind::Kitty,
        "trap 'echo hup > $XDG_RUNTIME_DIR/hup; exit' HUP; while :; do sleep 0.1; done",
    );
    await_pet(&mut window);
    let pid = rustix::process::Pid::from_child(&window.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(window.end(), 143);
    window.assert_restored();
}

#[test]
fn the_pet_is_away_from_text_passwords_and_editors() {
    // Text where it stands.
    let line = "x".repeat(75);
    let script = format!("read a; printf '\\033[3;1H{line}\\n'; read b; clear; read c");
    let mut window = shell(Kind::Kitty, &script);
    await_pet(&mut window);
    let gone: &[u8] = b"a=d,d=i,i=";
    let before = window.seen.len();
    window.type_in(b"\r");
    window.read_until(before, gone);
    // A screen that was cleared has room again.
    let before = window.seen.len();
    window.type_in(b"\r");
    window.read_until(before, PLAYS);

    let mut window = shell(Kind::Kitty, "read a; stty -echo; read b; stty echo; read c");
    await_pet(&mut window);
    let before = window.seen.len();
    window.type_in(b"\r");
    window.read_until(before, gone);
    let before = window.seen.len();
    window.type_in(b"secret\r");
    window.read_until(before, b"a=p,i=");

    let mut window =
        shell(Kind::Kitty, "read a; printf '\\033[?1049h'; read b; printf '\\033[?1049l'; read c");
    await_pet(&mut window);
    window.type_in(b"\r");
    let other = window.read_until(0, b"\x1b[?1049h");
    window.read_for(ms(500));
    assert_eq!(find(&window.seen[other..], b"\x1b_G"), None, "drawn over an editor");
    window.type_in(b"\r");
    window.read_until(other, PLAYS);
}

#[test]
fn a_scrolled_picture_is_put_back_and_the_rest_of_the_line_goes_on() {
    let mut window =
        shell(Kind::Kitty, "read a; seq 1 40; printf half; read b; printf whole; read c");
    await_pet(&mut window);
    let before = window.seen.len();
    window.type_in(b"\r");
    window.read_until(before, b"half");
    window.read_until(before, b"a=p,i=");
    window.type_in(b"x\r");
    window.read_until(before, b"whole");
    window.settle();
    let text = window.model.screen().contents();
    assert!(text.ends_with("40\nhalfx\nwhole"), "{text}");
}

#[test]
fn a_window_that_changes_has_one_pet_in_its_corner() {
    for kind in [Kind::Sixel, Kind::Plain] {
        let mut window = shell(kind, "trap : WINCH; printf 'prompt'; while :; do sleep 0.1; done");
        await_pet(&mut window);
        for (cols, rows) in [(70, 20), (120, 40)] {
            let before = window.seen.len();
            window.resize(cols, rows);
            if kind == Kind::Sixel {
                // Its box ends at the window's edge.
                let corner = format!("\x1b[1;{}H\x1bP", cols - 15);
                window.read_until(before, corner.as_bytes());
                continue;
            }
            let stands = |window: &Window| {
                let columns = drawn(window, cols, rows);
                columns.iter().any(|col| *col + 3 >= cols)
                    && columns.iter().all(|col| *col >= cols - 16)
            };
            for _ in 0..80 {
                window.settle();
                if stands(&window) {
                    break;
                }
            }
            assert!(stands(&window), "{cols}: {:?}", window.model.screen().contents());
        }
        // Too small for a pet.
        let before = window.seen.len();
        window.resize(50, 12);
        window.read_for(ms(800));
        assert_eq!(find(&window.seen[before..], b"\x1bP"), None);
    }
}

/// The columns in which something of a picture in symbols is.
fn drawn(window: &Window, cols: u16, rows: u16) -> Vec<u16> {
    let screen = window.model.screen();
    let cells = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
    let ours = cells.filter(|(row, col)| {
        let cell = screen.cell(*row, *col);
        cell.is_some_and(|cell| {
            cell.contents().chars().any(|c| ('\u{2580}'..='\u{259f}').contains(&c))
        })
    });
    ours.map(|(_, col)| col).collect()
}

#[test]
fn one_pet_a_window_and_none_where_none_can_be() {
    let inner = format!(
        "{} shell -- true; echo code $?; {} shell --auto -- true; echo auto $?",
        BUDDY, BUDDY
    );
    let mut window = shell(Kind::Kitty, &inner);
    window.end();
    window.settle();
    let text = window.model.screen().contents();
    assert!(text.contains("has a pet over this shell") && text.contains("code 1"), "{text}");
    assert!(text.contains("auto 125"), "{text}");
    let mut window =
        Window::open(Kind::Kitty, &["env", "BUDDY=0", BUDDY, "shell", "--", "printf", "plain"]);
    window.end();
    window.settle();
    assert_eq!(window.seen, b"plain", "not a byte of ours");
}

#[test]
fn programs_are_heard_in_passing() {
    // The question whether reports are taken is answered, once, and only by us.
    let script = "stty raw -echo; printf '\\033]7501;?\\033\\\\'; dd bs=1 count=10 2>/dev/null | od -An -c; printf done";
    let mut window = shell(Kind::Kitty, script);
    window.read_until(0, b"done");
    let (rest, _) = take_out(&window.seen);
    let text = String::from_utf8_lossy(&rest).replace(char::is_whitespace, "");
    assert!(text.contains("033]7501;?033\\"), "{text}");
}

#[test]
fn a_terminal_that_says_nothing_gets_its_shell() {
    let mut window = Window::shell(
        Kind::Plain,
        &[],
        &["sh", "-c", "printf 'caf\\303\\251 '; read a; printf done"],
    );
    window.tells = false;
    window.read_for(ms(1500));
    window.type_in(b"\r");
    window.read_until(0, b"done");
    assert_eq!(window.end(), 0);
}

#[test]
fn off_takes_the_pet_away_for_good_and_hide_until_it_is_on() {
    let script = format!(
        "read a; {BUDDY} hide 2>/dev/null; printf hidden; read b; {BUDDY} on 2>/dev/null; printf shown; read c; {BUDDY} off 2>/dev/null; printf off; read d; seq 1 30; printf end; read e"
    );
    let mut window = shell(Kind::Kitty, &script);
    await_pet(&mut window);
    let step = |window: &mut Window, says: &[u8], then: &[u8]| {
        let before = window.seen.len();
        window.type_in(b"\r");
        window.read_until(before, says);
        window.read_until(before, then);
        window.settle();
    };
    step(&mut window, b"hidden", b"a=d,d=i,i=");
    step(&mut window, b"shown", PLAYS);
    step(&mut window, b"off", b"a=d,d=I,i=");
    let guards = format!("pgrep -P {} -c buddy-guardian", window.child.id());
    let guards = std::process::Command::new("sh").args(["-c", &guards]).output().unwrap();
    assert_eq!(guards.stdout.trim_ascii(), b"0", "only who copies is left");
    let before = window.seen.len();
    window.type_in(b"\r");
    window.read_until(before, b"end");
    window.read_for(ms(500));
    let plain: String = (1..=30).map(|n| format!("{n}\r\n")).collect();
    let all = String::from_utf8(window.seen[before..].to_vec()).unwrap();
    assert_eq!(all, format!("\r\n{plain}end"), "not a byte of ours");
    window.type_in(b"\r");
    assert_eq!(window.end(), 0);
    window.assert_restored();
}

#[test]
fn events_reach_the_pet_by_its_terminals_socket() {
    let script = format!("read a; {BUDDY} emit play clip=hiss; printf sent; read b");
    let mut window = shell(Kind::Kitty, &script);
    await_pet(&mut window);
    let before = window.seen.len();
    window.type_in(b"\r");
    let sent = window.read_until(before, b"sent");
    // Another clip is shown, once.
    window.read_until(sent, b",s=3,v=2");
}

#[test]
fn it_stops_and_goes_on_when_somebody_asks() {
    let script = format!(
        "{BUDDY} shell --pet null --protocol symbols -- sh -c 'clear; printf prompt; read a; clear; printf done; read b'"
    );
    let mut window = Window::open(Kind::Plain, &["bash", "--norc", "-i"]);
    window.type_in(script.as_bytes());
    window.type_in(b"\r");
    window.read_until(0, "\u{2580}".as_bytes());
    window.settle();
    window.read_for(ms(300));
    let before = window.seen.len();
    // As by `kill -TSTP`: at the keyboard it is the child's.
    let found = std::process::Command::new("pkill")
        .args(["-TSTP", "-f", "buddy-render shell --pet null --protocol symbols -- sh -c clear"])
        .status()
        .unwrap();
    assert!(found.success());
    window.read_until(before, b"Stopped");
    window.settle();
    assert!(
        !window.model.screen().contents().contains('\u{2580}'),
        "{}",
        window.model.screen().contents()
    );
    let before = window.seen.len();
    window.type_in(b"fg\r");
    window.read_until(before, b"sh -c");
    window.read_for(ms(600));
    // What the shell above wrote meanwhile may be in the corner.
    assert_eq!(find(&window.seen[before..], "\u{2580}".as_bytes()), None);
    window.type_in(b"\r");
    let done = window.read_until(before, b"done");
    window.read_until(done, "\u{2580}".as_bytes());
}

#[test]
fn a_command_that_passes_its_tests_pleases_the_pet() {
    let marks = "printf '\\033]133;C;cmdline_url=cargo%%20test\\007'; printf '\\033]133;D;0\\007'";
    let mut window = shell(Kind::Kitty, &format!("read a; {marks}; printf told; read b"));
    await_pet(&mut window);
    let before = window.seen.len();
    window.type_in(b"\r");
    let told = window.read_until(before, b"told");
    // A reaction is played once.
    window.read_until(told, b",s=3,v=2");
}

/// The most memory that a process has had so far, in kB (proc(5)).
fn most_resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn endless_strings_cost_no_memory_and_nothing_comes_into_them() {
    let script = "read a; printf '\\033]52;c;'; head -c 24000000 /dev/zero | tr '\\0' A; printf '\\007done'; read b";
    let mut window = shell(Kind::Sixel, script);
    await_pet(&mut window);
    let before = most_resident(window.child.id());
    let begin = window.seen.len();
    window.type_in(b"\r");
    let end = window.read_until(begin, b"\x07done");
    let string = find(&window.seen[begin..], b"\x1b]52;c;").unwrap() + begin + 7;
    assert_eq!(end - string, 24_000_000);
    assert!(window.seen[string..end].iter().all(|byte| *byte == b'A'), "something came between");
    let after = most_resident(window.child.id());
    assert!(after < before + 4096, "{before} kB before, {after} after");
}

#[test]
fn it_stays_over_editors_where_that_is_wanted() {
    let script = "read a; printf '\\033[?1049h\\033[2J'; read b; printf '\\033[?1049l'; read c";
    for kind in [Kind::Kitty, Kind::Plain] {
        let mut window = Window::shell(kind, &["--fullscreen", "show"], &["sh", "-c", script]);
        await_pet(&mut window);
        let sign: &[u8] = if kind == Kind::Kitty { PLAYS } else { "\u{2580}".as_bytes() };
        for switch in [b"\x1b[?1049h", b"\x1b[?1049l"] {
            let before = window.seen.len();
            window.type_in(b"\r");
            let at = window.read_until(before, switch);
            window.read_until(at, sign);
            window.settle();
        }
    }
}

/// How much of one processor a process takes within a time.
fn busy(window: &mut Window, time: std::time::Duration, reads: bool) -> f64 {
    let process = window.child.id();
    let spent = || -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
        let each = tasks.map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap();
            text.split(' ').next().unwrap().parse::<f64>().unwrap()
        });
        each.sum()
    };
    let before = spent();
    if reads {
        window.read_for(time);
    } else {
        std::thread::sleep(time);
    }
    (spent() - before) / 1e9 / time.as_secs_f64()
}

#[test]
fn a_terminal_that_stops_reading_is_waited_for_at_rest() {
    let mut window = Window::shell(Kind::Sixel, &["--fps", "60"], &["sh", "-c", "read a"]);
    await_pet(&mut window);
    std::thread::sleep(ms(3000));
    let busy = busy(&mut window, ms(2000), false);
    assert!(busy < 0.08, "{busy}");
}

#[test]
fn an_answer_that_never_comes_keeps_nobody_awake() {
    let script = r"sleep 0.5; printf '\342\224\200'; sleep 0.2; printf '\033[5;1H'; sleep 60";
    let mut window = Window::open(
        Kind::Kitty,
        &[
            &[BUDDY, "shell", "--pet", "null", "--protocol", "kitty", "--tier", "animated"][..],
            &["--", "sh", "-c", script],
        ]
        .concat(),
    );
    window.tells = false;
    window.read_until(0, PLAYS);
    assert!(window.count(b"\x1b[?6n") > 1, "it was asked");
    window.read_for(ms(2500));
    let busy = busy(&mut window, ms(2000), true);
    assert!(busy < 0.08, "{busy}");
}

#[test]
fn off_waits_for_the_end_of_what_is_open() {
    let script = format!(
        "read a; printf '\\033]0;tit'; {BUDDY} off 2>/dev/null; sleep 1; printf 'le\\007'; read b"
    );
    let mut window = shell(Kind::Kitty, &script);
    await_pet(&mut window);
    let before = window.seen.len();
    window.type_in(b"\r");
    let title = window.read_until(before, b"\x1b]0;title\x07");
    window.read_until(title, b"a=d,d=I,i=");
}

#[test]
fn what_a_program_left_open_at_the_end_is_ended_and_the_pet_is_gone() {
    // A title, and a line that waits to be wrapped.
    let line = "x".repeat(80);
    for (kind, last) in
        [(Kind::Kitty, "\\033]0;tit"), (Kind::Plain, &*format!("\\033[20;1H{line}"))]
    {
        let mut window = shell(kind, &format!("read a; printf '{last}'"));
        await_pet(&mut window);
        let before = window.seen.len();
        window.type_in(b"\r");
        assert_eq!(window.end(), 0);
        window.settle();
        window.assert_restored();
        if kind == Kind::Kitty {
            let end = window.read_until(before, b"\x1b]0;tit\x18\x1b\\");
            window.read_until(end, b"a=d,d=I,i=");
        } else {
            assert_eq!(drawn(&window, 80, 24), []);
        }
    }
}

#[test]
fn a_shell_without_its_terminal_is_waited_for() {
    let closes = "exec </dev/null >/dev/null 2>&1; sleep 1;";
    let mut window = shell(Kind::Kitty, &format!("{closes} echo again >/dev/tty; exit 7"));
    assert_eq!(window.end(), 7);
    assert!(find(&window.seen, b"again").is_some());
    window.assert_restored();
    let mut window = shell(Kind::Kitty, &format!("{closes} sleep 60"));
    window.read_for(ms(2500));
    let pid = rustix::process::Pid::from_child(&window.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(window.end(), 143);
    window.assert_restored();
}
