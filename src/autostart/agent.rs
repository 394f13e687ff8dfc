//! The LaunchAgent of macOS as text.
//!
//! `man 5 launchd.plist`

use crate::autostart::{AutostartStatus, CommandLine};
use crate::text::escape_markup;

/// What launchd calls it; also the file's name.
pub const LABEL: &str = "quota-tray";

/// A new agent.
pub fn new(command: &[String]) -> String {
    let arguments = arguments(command);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>Label</key>\n\t<string>{LABEL}</string>\n\
         \t<key>ProgramArguments</key>\n\t<array>\n{arguments}\t</array>\n\
         \t<key>RunAtLoad</key>\n\t<true/>\n\t<key>ProcessType</key>\n\t<string>Interactive</string>\n\
         </dict>\n</plist>\n"
    )
}

/// An agent that is there already, switched on and with another command. What else its owner has written stays.
pub fn changed(text: &str, command: &[String]) -> String {
    let Some((before, rest)) = split_after_key(text, "ProgramArguments") else { return new(command) };
    let Some((list, after)) = rest.strip_prefix("<array>").and_then(|rest| rest.split_once("</array>"))
    else {
        return new(command);
    };
    // Within the list it would be an argument.
    if list.contains("<key>") {
        return new(command);
    }
    let text = format!("{before}<array>\n{}\t</array>{after}", arguments(command));
    match split_after_key(&text, "Disabled") {
        Some((before, rest)) if rest.starts_with("<true/>") => {
            format!("{before}<false/>{}", &rest["<true/>".len()..])
        }
        _ => text,
    }
}

fn arguments(command: &[String]) -> String {
    command.iter().map(|part| format!("\t\t<string>{}</string>\n", escape_markup(part))).collect()
}

/// The text up to the value of a key, and from there on.
fn split_after_key<'a>(text: &'a str, key: &str) -> Option<(&'a str, &'a str)> {
    let key = format!("<key>{key}</key>");
    let after = text.find(&key)? + key.len();
    let value = after + text[after..].find(|letter: char| !letter.is_whitespace())?;
    Some(text.split_at(value))
}

/// How it stands by an agent.
pub fn standing(text: &str) -> AutostartStatus {
    let after = |key: &str| Some(split_after_key(text, key)?.1);
    let off = after("Disabled").is_some_and(|value| value.starts_with("<true"));
    let arguments =
        after("ProgramArguments").and_then(|rest| rest.strip_prefix("<array>")?.split_once("</array>"));
    let command: CommandLine = arguments.map_or_else(Vec::new, |(list, _)| {
        let strings = list.split("<string>").skip(1);
        strings.filter_map(|part| Some(unescape(part.split_once("</string>")?.0))).collect()
    });
    if off || command.is_empty() { AutostartStatus::Off } else { AutostartStatus::On(command) }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_comes_back_as_it_was() {
        for path in ["/usr/local/bin/quota-tray", "/a b/<c>&amp;\"d\"/'e'", "/ä/例え", "/</string>"] {
            let command = vec![path.to_owned(), "--config".to_owned(), path.to_owned()];
            assert_eq!(standing(&new(&command)), AutostartStatus::On(command));
        }
    }

    #[test]
    fn command_is_changed_and_the_rest_of_an_agent_stays() {
        let mine = new(&["/old".to_owned()])
            .replace("<dict>", "<dict>\n\t<key>Disabled</key>\n\t<true/>\n\t<key>KeepAlive</key>\n\t<true/>");
        let command = vec!["/new & moved".to_owned(), "--config".to_owned(), "/x".to_owned()];
        let changed = changed(&mine, &command);
        assert_eq!(standing(&changed), AutostartStatus::On(command.clone()), "{changed}");
        assert!(changed.contains("<key>KeepAlive</key>\n\t<true/>"), "{changed}");
        let plain = mine.replace("\t<key>Disabled</key>\n\t<true/>\n\t<key>KeepAlive</key>\n\t<true/>\n", "");
        assert_eq!(crate::autostart::agent::changed(&plain, &command), new(&command));
        for rubbish in
            ["", "<plist/>", "<key>ProgramArguments</key>", "<key>ProgramArguments</key><string>/x</string>"]
        {
            assert_eq!(crate::autostart::agent::changed(rubbish, &command), new(&command), "{rubbish}");
        }
    }

    #[test]
    fn an_agent_can_be_disabled_and_rubbish_is_off() {
        let on = new(&["/x".to_owned()]);
        let off = on.replace("<dict>", "<dict>\n\t<key>Disabled</key>\n\t<true/>");
        assert_eq!(standing(&off), AutostartStatus::Off);
        for text in
            ["", "<plist/>", "<key>ProgramArguments</key>", "<key>ProgramArguments</key><array></array>"]
        {
            assert_eq!(standing(text), AutostartStatus::Off, "{text}");
        }
    }
}
