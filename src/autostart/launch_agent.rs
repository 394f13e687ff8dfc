//! The LaunchAgent of macOS, a property list. Pure.
//!
//! `man 5 launchd.plist`

use crate::autostart::status::{AutostartStatus, CommandLine};
use plist::{Dictionary, Value};
use std::io::Cursor;

/// The agent's label; also the name of its file.
pub const LABEL: &str = "quota-tray";

/// A new agent.
pub fn create(command: &[String]) -> Vec<u8> {
    let mut agent = Dictionary::new();
    agent.insert("Label".into(), LABEL.into());
    agent.insert("ProgramArguments".into(), arguments(command));
    agent.insert("RunAtLoad".into(), true.into());
    agent.insert("ProcessType".into(), "Interactive".into());
    xml(agent)
}

/// An existing agent, enabled and with another command. Its other keys stay.
pub fn update(agent: &[u8], command: &[String]) -> Vec<u8> {
    let Some(mut agent) = parse(agent).filter(|agent| agent.contains_key("ProgramArguments")) else {
        return create(command);
    };
    agent.insert("ProgramArguments".into(), arguments(command));
    if let Some(disabled) = agent.get_mut("Disabled") {
        *disabled = false.into();
    }
    xml(agent)
}

/// The status by an agent. One that can't be read is off.
pub fn status(agent: &[u8]) -> AutostartStatus {
    let Some(agent) = parse(agent) else { return AutostartStatus::Off };
    let is_disabled = agent.get("Disabled").and_then(Value::as_boolean) == Some(true);
    let arguments = agent.get("ProgramArguments").and_then(Value::as_array).into_iter().flatten();
    let command: CommandLine = arguments.filter_map(|part| Some(part.as_string()?.to_owned())).collect();
    if is_disabled || command.is_empty() { AutostartStatus::Off } else { AutostartStatus::On(command) }
}

fn parse(agent: &[u8]) -> Option<Dictionary> {
    Value::from_reader(Cursor::new(agent)).ok()?.into_dictionary()
}

fn arguments(command: &[String]) -> Value {
    Value::Array(command.iter().map(|part| part.as_str().into()).collect())
}

fn xml(agent: Dictionary) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing strings and booleans to memory can't fail.
    let _ = Value::Dictionary(agent).to_writer_xml(&mut text);
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(agent: &[u8]) -> String {
        String::from_utf8(agent.to_vec()).expect("UTF-8")
    }

    #[test]
    fn every_path_is_read_back_as_it_was_written() {
        for path in ["/usr/local/bin/quota-tray", "/a b/<c>&amp;\"d\"/'e'", "/ä/例え", "/</string>"] {
            let command = vec![path.to_owned(), "--config".to_owned(), path.to_owned()];
            assert_eq!(status(&create(&command)), AutostartStatus::On(command));
        }
    }

    #[test]
    fn new_agent_is_a_property_list_as_launchd_expects_it() {
        let agent = text(&create(&["/a".to_owned(), "b".to_owned()]));
        assert!(
            agent.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC "),
            "{agent}"
        );
        let keys = ["Label", "ProgramArguments", "RunAtLoad", "ProcessType"];
        assert!(keys.iter().all(|key| agent.contains(&format!("<key>{key}</key>"))), "{agent}");
        assert!(agent.contains("<key>RunAtLoad</key>\n\t<true/>\n"), "{agent}");
        assert!(
            agent.contains("<array>\n\t\t<string>/a</string>\n\t\t<string>b</string>\n\t</array>"),
            "{agent}"
        );
    }

    #[test]
    fn update_changes_the_command_and_keeps_other_keys() {
        let own = text(&create(&["/old".to_owned()]))
            .replace("<dict>", "<dict>\n\t<key>Disabled</key>\n\t<true/>\n\t<key>KeepAlive</key>\n\t<true/>");
        assert_eq!(status(own.as_bytes()), AutostartStatus::Off);
        let command = vec!["/new & moved".to_owned(), "--config".to_owned(), "/x".to_owned()];
        let updated = update(own.as_bytes(), &command);
        assert_eq!(status(&updated), AutostartStatus::On(command.clone()), "{}", text(&updated));
        assert!(text(&updated).contains("<key>KeepAlive</key>\n\t<true/>"), "{}", text(&updated));
        assert_eq!(update(&create(&["/old".to_owned()]), &command), create(&command));
    }

    #[test]
    fn agent_that_cannot_be_read_is_off_and_replaced() {
        let command = vec!["/x".to_owned()];
        for agent in [
            "",
            "<plist/>",
            "<key>ProgramArguments</key>",
            "<plist><dict><key>ProgramArguments</key></dict></plist>",
            "<plist><dict><key>Label</key><string>x</string></dict></plist>",
            "<plist><array><string>/x</string></array></plist>",
        ] {
            assert_eq!(status(agent.as_bytes()), AutostartStatus::Off, "{agent}");
            assert_eq!(update(agent.as_bytes(), &command), create(&command), "{agent}");
        }
        let empty = "<plist><dict><key>ProgramArguments</key><array></array></dict></plist>";
        assert_eq!(status(empty.as_bytes()), AutostartStatus::Off);
    }
}
