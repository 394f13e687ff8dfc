//! The value of Windows' Run key. Pure.
//!
//! <https://learn.microsoft.com/windows/win32/setupapi/run-and-runonce-registry-keys>; quoted for the C
//! runtime, where backslashes escape only before a quote.

use crate::autostart::status::{AutostartStatus, CommandLine};

/// The value's name.
pub const NAME: &str = "Quota Tray";

/// The command line.
pub fn line(command: &[String]) -> String {
    command.iter().map(|part| quote(part)).collect::<Vec<_>>().join(" ")
}

/// The status by a command line and the first byte of the Task Manager's value for it: an odd one means disabled.
pub fn status(line: &str, approved: Option<u8>) -> AutostartStatus {
    let command = split(line);
    let off = approved.is_some_and(|byte| byte % 2 == 1);
    if off || command.is_empty() { AutostartStatus::Off } else { AutostartStatus::On(command) }
}

fn quote(part: &str) -> String {
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for letter in part.chars() {
        match letter {
            '\\' => backslashes += 1,
            '"' => {
                quoted.extend(std::iter::repeat_n('\\', backslashes * 2 + 1));
                backslashes = 0;
                quoted.push('"');
            }
            _ => {
                quoted.extend(std::iter::repeat_n('\\', backslashes));
                backslashes = 0;
                quoted.push(letter);
            }
        }
    }
    quoted.extend(std::iter::repeat_n('\\', backslashes * 2));
    quoted + "\""
}

fn split(line: &str) -> CommandLine {
    let mut parts = Vec::new();
    let mut part: Option<String> = None;
    let (mut inside, mut backslashes) = (false, 0);
    for letter in line.chars() {
        if letter == '\\' {
            backslashes += 1;
            continue;
        }
        let literal_quote = letter == '"' && backslashes % 2 == 1;
        let kept = if letter == '"' { backslashes / 2 } else { backslashes };
        if kept > 0 {
            part.get_or_insert_default().extend(std::iter::repeat_n('\\', kept));
        }
        backslashes = 0;
        match letter {
            '"' if literal_quote => part.get_or_insert_default().push('"'),
            '"' => {
                inside = !inside;
                part.get_or_insert_default();
            }
            ' ' | '\t' if !inside => parts.extend(part.take()),
            _ => part.get_or_insert_default().push(letter),
        }
    }
    if backslashes > 0 {
        part.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
    }
    parts.extend(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_read_back_as_it_was_written() {
        for path in [
            r"C:\Program Files\Quota Tray\quota-tray.exe",
            r"C:\a\",
            r#"a\"b"#,
            r#"\\server\x\\"y"#,
            "ä 例え",
            "",
        ] {
            let command = vec![path.to_owned(), "--config".to_owned(), path.to_owned()];
            assert_eq!(status(&line(&command), None), AutostartStatus::On(command));
        }
    }

    #[test]
    fn entry_disabled_in_the_task_manager_is_off() {
        let line = r"C:\x.exe";
        for (byte, on) in [(None, true), (Some(2), true), (Some(6), true), (Some(3), false), (Some(7), false)]
        {
            assert_eq!(matches!(status(line, byte), AutostartStatus::On(_)), on, "{byte:?}");
        }
        assert_eq!(status("", None), AutostartStatus::Off);
    }
}
