//! The XDG autostart entry. Pure.
//!
//! <https://specifications.freedesktop.org/autostart-spec/latest/> and
//! <https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html>

use crate::autostart::status::{AutostartStatus, CommandLine};

const GROUP: &str = "[Desktop Entry]";

/// A new entry.
pub fn create(command: &[String]) -> Vec<u8> {
    let entry = format!(
        "{GROUP}\nType=Application\nName=Quota Tray\n\
         Comment=How much of your Claude and Codex quota is left\nExec={}\nIcon=quota-tray\nTerminal=false\n\
         Categories=Utility;\nStartupNotify=false\nX-GNOME-Autostart-enabled=true\n",
        exec(command)
    );
    entry.into_bytes()
}

/// An existing entry, enabled and with another command. Its other lines stay.
pub fn update(entry: &[u8], command: &[String]) -> Vec<u8> {
    let text = String::from_utf8_lossy(entry);
    let exec_line = format!("Exec={}", exec(command));
    let (mut lines, mut inside, mut done) = (Vec::new(), false, false);
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            inside = line.trim() == GROUP;
        }
        match key(line) {
            Some("Exec") if inside => {
                if !std::mem::replace(&mut done, true) {
                    lines.push(exec_line.clone());
                }
            }
            Some("Hidden") if inside => {}
            Some("X-GNOME-Autostart-enabled") if inside => {
                lines.push("X-GNOME-Autostart-enabled=true".into());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    if done { (lines.join("\n") + "\n").into_bytes() } else { create(command) }
}

/// The status by an entry. Desktops disable one with a key and leave the file in place.
pub fn status(entry: &[u8]) -> AutostartStatus {
    let text = String::from_utf8_lossy(entry);
    let is = |name: &str, value: &str| {
        self::value(&text, name).is_some_and(|is| is.trim().eq_ignore_ascii_case(value))
    };
    let off = is("Hidden", "true") || is("X-GNOME-Autostart-enabled", "false");
    match value(&text, "Exec").map(command) {
        Some(command) if !off && !command.is_empty() => AutostartStatus::On(command),
        _ => AutostartStatus::Off,
    }
}

fn key(line: &str) -> Option<&str> {
    Some(line.split_once('=')?.0.trim())
}

/// The value of a key of the entry's own group.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lines = text.lines().skip_while(|line| line.trim() != GROUP).skip(1);
    let mut group = lines.take_while(|line| !line.trim_start().starts_with('['));
    group.find(|line| key(line) == Some(name)).and_then(|line| Some(line.split_once('=')?.1.trim_start()))
}

/// The value of `Exec`. Two layers: the quotes of a command line, and the escapes of any string.
fn exec(command: &[String]) -> String {
    let quoted = command.iter().map(|part| {
        let mut quoted = String::from("\"");
        for letter in part.chars() {
            match letter {
                '"' | '`' | '$' | '\\' => quoted.extend(['\\', letter]),
                // A single one would be a field code.
                '%' => quoted.push_str("%%"),
                _ => quoted.push(letter),
            }
        }
        quoted + "\""
    });
    let line = quoted.collect::<Vec<_>>().join(" ");
    line.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// The program and the arguments of a value of `Exec`.
fn command(exec: &str) -> CommandLine {
    let line = unescape(exec);
    let mut letters = line.chars().peekable();
    let mut parts = Vec::new();
    let mut part: Option<String> = None;
    let mut inside = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                inside = !inside;
                part.get_or_insert_default();
            }
            '\\' if inside => part.get_or_insert_default().extend(letters.next()),
            '%' => {
                // Other field codes are replaced by files, of which there are none.
                if let Some('%') = letters.next() {
                    part.get_or_insert_default().push('%');
                }
            }
            ' ' if !inside => parts.extend(part.take()),
            _ => part.get_or_insert_default().push(letter),
        }
    }
    parts.extend(part);
    parts
}

fn unescape(value: &str) -> String {
    let mut letters = value.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('s') => ' ',
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[&str]) -> CommandLine {
        parts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_path_is_read_back_as_it_was_written() {
        for path in [
            "/usr/bin/quota-tray",
            "/home/u/my programs/quota-tray",
            "/a\"b/`c`/$HOME/d\\e/100%/%f/'q'",
            "/new\nline/tab\t/cr\r",
            "/ä/例え/🦀",
            "/a;b&c|d<e>f(g)*?#~=",
            "",
        ] {
            for command in [parts(&[path]), parts(&[path, "--config", path])] {
                let text = String::from_utf8(create(&command)).expect("UTF-8");
                assert_eq!(status(text.as_bytes()), AutostartStatus::On(command), "{text}");
                assert_eq!(text.lines().count(), 10, "{text}");
            }
        }
    }

    #[test]
    fn exec_line_is_escaped_as_the_specification_says() {
        // Its own example: a dollar sign and a backslash inside of quotes are escaped twice over.
        assert_eq!(exec(&parts(&["/a b", "$x\\"])), r#""/a b" "\\$x\\\\""#);
    }

    #[test]
    fn entries_of_other_programs_are_read() {
        for (exec, expected) in [
            ("quota-tray", &["quota-tray"][..]),
            ("/usr/bin/quota-tray  --config /x %U", &["/usr/bin/quota-tray", "--config", "/x"]),
            (r#"/usr/bin/env "A B=c" x"#, &["/usr/bin/env", "A B=c", "x"]),
            (r"/a\sb", &["/a", "b"]),
        ] {
            let text = format!("[Desktop Entry]\nExec = {exec}\n");
            assert_eq!(status(text.as_bytes()), AutostartStatus::On(parts(expected)), "{exec}");
        }
    }

    #[test]
    fn entry_disabled_by_the_desktop_is_enabled_again_and_its_other_lines_stay() {
        let on = "# mine\n[Desktop Entry]\nName=Mine\nExec=old\nX-GNOME-Autostart-Delay=10\n\n[Desktop Action x]\nExec=other\n";
        assert_eq!(status(on.as_bytes()), AutostartStatus::On(parts(&["old"])));
        for key in ["Hidden=true", "Hidden = True", "X-GNOME-Autostart-enabled=false"] {
            let off = on.replace("Name=Mine", &format!("Name=Mine\n{key}"));
            assert_eq!(status(off.as_bytes()), AutostartStatus::Off, "{key}");
            let again = update(off.as_bytes(), &parts(&["/new one"]));
            assert_eq!(status(&again), AutostartStatus::On(parts(&["/new one"])), "{again:?}");
            let again = String::from_utf8(again).expect("UTF-8");
            for line in ["# mine", "Name=Mine", "X-GNOME-Autostart-Delay=10", "Exec=other"] {
                assert!(again.lines().any(|each| each == line), "{line} in {again}");
            }
        }
        // In another group the key has no effect.
        assert_eq!(status(format!("{on}Hidden=true\n").as_bytes()), AutostartStatus::On(parts(&["old"])));
    }

    #[test]
    fn entry_that_cannot_be_read_is_off_and_replaced() {
        for text in ["", "\0\0", "[Desktop Entry]", "Exec=x", "[Other]\nExec=x\n", "[Desktop Entry]\nExec=\n"]
        {
            assert_eq!(status(text.as_bytes()), AutostartStatus::Off, "{text}");
            assert_eq!(
                status(&update(text.as_bytes(), &parts(&["/x"]))),
                AutostartStatus::On(parts(&["/x"])),
                "{text}"
            );
        }
    }
}
