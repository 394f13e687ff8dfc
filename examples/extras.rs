//! Generates man pages and shell completions for packages from the program's arguments.
//!
//! ```sh
//! cargo run --example extras -- FOLDER
//! ```
//!
//! writes `FOLDER/man/*.1` and `FOLDER/completions/*`, under the names that `man` and the shells expect. With
//! `SOURCE_DATE_EPOCH` (seconds since 1970) the pages have that date, for reproducible builds.

use chrono::DateTime;
use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::{Generator, Shell};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use quota_tray::cli::{Arguments, completions};
use std::io;
use std::path::Path;

/// Sections that are not generated from the arguments, in the order of man-pages(7).
const SECTIONS: [(&str, &[(&str, &str)]); 3] = [
    (
        "ENVIRONMENT",
        &[
            ("QUOTA_TRAY_CONFIG, QUOTA_TRAY_AUTH_DIR", "Defaults for --config and --auth-dir."),
            ("NO_COLOR", "If set and not empty, output has no colours."),
            ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "The proxy for accounts without a proxy_url of their own."),
        ],
    ),
    (
        "FILES",
        &[
            (
                "~/.config/quota-tray/config.toml",
                "Settings. \"Open settings file\" in the menu creates the file, with every key explained.",
            ),
            ("~/.local/state/quota-tray/", "Last known values, sent notifications, renewals in progress."),
            ("~/.cli-proxy-api/", "Credential files. They are read, and changed only to renew tokens."),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            ("0", "Success."),
            ("1", "An account or the command failed."),
            ("2", "Invalid arguments or settings."),
            ("3", "status --check found a window below the given percentage."),
        ],
    ),
];

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: extras FOLDER"))?;
    let (man, completed) = (Path::new(&folder).join("man"), Path::new(&folder).join("completions"));
    std::fs::create_dir_all(&man)?;
    std::fs::create_dir_all(&completed)?;

    for shell in Shell::value_variants() {
        std::fs::write(completed.join(shell.file_name("quota-tray")), completions::script(*shell))?;
    }
    // `help` has no page: it prints the same as the pages.
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    std::fs::write(man.join("quota-tray.1"), page(&program, true)?)?;
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        std::fs::write(man.join(format!("quota-tray-{}.1", command.get_name())), page(command, false)?)?;
    }
    Ok(())
}

/// One page. All sections are the generator's except the examples, which it would join into one paragraph.
fn page(command: &Command, whole: bool) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let man = Man::new(command.clone())
        .date(date())
        .source(concat!("quota-tray ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut more = Roff::new();
    if whole {
        man.render_subcommands_section(&mut out)?;
        for (heading, entries) in SECTIONS {
            more.control("SH", [heading]);
            for (what, text) in entries {
                more.control("TP", []).text([roman(*what)]).text([roman(*text)]);
            }
        }
    }
    let mut parts = command.get_subcommands().filter(|part| !whole && part.get_name() != "help").peekable();
    if parts.peek().is_some() {
        more.control("SH", ["COMMANDS"]);
        for part in parts {
            let about = part.get_about().map(ToString::to_string).unwrap_or_default();
            more.control("TP", []).text([bold(part.get_name())]).text([roman(about)]);
        }
    }
    if let Some(examples) = command.get_after_help() {
        more.control("SH", ["EXAMPLES"]).control("nf", []);
        for line in examples.to_string().lines().skip(1) {
            more.text([roman(line.trim_start())]);
        }
        more.control("fi", []);
    }
    more.control("SH", ["SEE ALSO"]);
    more.text([roman(if whole { "https://github.com/router-for-me/CLIProxyAPI" } else { "quota-tray(1)" })]);
    more.to_writer(&mut out)?;
    Ok(out)
}

fn date() -> String {
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let moment = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    moment.unwrap_or_else(chrono::Utc::now).format("%Y-%m-%d").to_string()
}
