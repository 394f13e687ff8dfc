//! The LaunchAgent of macOS as text.
//!
//! `man 5 launchd.plist`

use super::{CommandLine, Standing};

/// What launchd calls it; also the file's name.
pub const LABEL: &str = "quota-tray";

/// A new agent.
pub fn new(command: &[String]) -> String {
    let arguments: String =
        command.iter().map(|part| format!("\t\t<string>{}</string>\n", escape(part))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>Label</key>\n\t<string>{LABEL}</string>\n\
         \t<key>ProgramArguments</key>\n\t<array>\n{arguments}\t</array>\n\
         \t<key>RunAtLoad</key>\n\t<true/>\n\t<key>ProcessType</key>\n\t<string>Interactive</string>\n\
         </dict>\n</plist>\n"
    )
}

/// How it stands by an agent.
pub fn standing(text: &str) -> Standing {
    let after = |key: &str| Some(text.split_once(&format!("<key>{key}</key>"))?.1.trim_start());
    let off = after("Disabled").is_some_and(|value| value.starts_with("<true"));
    let arguments =
        after("ProgramArguments").and_then(|rest| rest.strip_prefix("<array>")?.split_once("</array>"));
    let command: CommandLine = arguments.map_or_else(Vec::new, |(list, _)| {
        let strings = list.split("<string>").skip(1);
        strings.filter_map(|part| Some(unescape(part.split_once("</string>")?.0))).collect()
    });
    if off || command.is_empty() { Standing::Off } else { Standing::On(command) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
            assert_eq!(standing(&new(&command)), Standing::On(command));
        }
    }

    #[test]
    fn an_agent_can_be_disabled_and_rubbish_is_off() {
        let on = new(&["/x".to_owned()]);
        let off = on.replace("<dict>", "<dict>\n\t<key>Disabled</key>\n\t<true/>");
        assert_eq!(standing(&off), Standing::Off);
        for text in
            ["", "<plist/>", "<key>ProgramArguments</key>", "<key>ProgramArguments</key><array></array>"]
        {
            assert_eq!(standing(text), Standing::Off, "{text}");
        }
    }
}
