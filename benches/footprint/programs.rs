//! The measured programs: the tray, the floor, and a typical tray in Python.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::fixture::BenchFixture;

/// The paths of the programs.
pub struct Programs {
    /// `quota-tray` as released.
    pub tray: PathBuf,
    /// `examples/floor.rs`, built with the same profile.
    pub floor: PathBuf,
    /// The typical tray in Python.
    pub python: Result<Python, String>,
}

/// A Python that has GTK and AppIndicator, and a display for them.
pub struct Python {
    interpreter: &'static str,
    display: Display,
}

struct Display {
    name: String,
    server: Option<Child>,
}

impl Programs {
    /// Builds the programs and finds Python. `FOOTPRINT_BINARY` may name another release binary.
    pub fn find() -> Self {
        let built = PathBuf::from(env!("CARGO_BIN_EXE_quota-tray"));
        let floor = built.with_file_name("examples").join("floor");
        // An existing one was built with the features of the dev-dependencies as well.
        build(&["--bin", "quota-tray"], &built);
        build(&["--example", "floor"], &floor);
        let tray = std::env::var_os("FOOTPRINT_BINARY").map_or(built, PathBuf::from);
        for program in [&tray, &floor] {
            check_release(program);
        }
        Self { tray, floor, python: Python::find() }
    }
}

/// With the profile of this bench, whose settings are those of a release.
fn build(target: &[&str], program: &Path) {
    eprintln!("building {} …", target.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--profile", "bench"]).args(target);
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(
        built.is_ok_and(|status| status.success()) && program.exists(),
        "there is no {}: build it with `cargo build --release {}` in the same target directory",
        program.display(),
        target.join(" ")
    );
}

/// Panics unless `program` is a release build.
fn check_release(program: &Path) {
    if cfg!(debug_assertions) {
        panic!("measure with `cargo bench`, which builds as for a release");
    }
    let bytes = fs::read(program).unwrap_or_else(|error| panic!("no {}: {error}", program.display()));
    assert!(!has_symbols(&bytes), "{} is not stripped as a release is", program.display());
}

/// Whether a 64-bit ELF file has a symbol table, which stripping removes.
fn has_symbols(elf: &[u8]) -> bool {
    const SYMTAB: u64 = 2;
    let number = |at: usize, length: usize| {
        let bytes = elf.get(at..at + length).expect("not a whole ELF file");
        bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    };
    assert!(elf.starts_with(b"\x7fELF\x02\x01"), "not a 64-bit, little-endian ELF file");
    let (table, length, count) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    (0..count).any(|section| number((table + section * length) as usize + 4, 4) == SYMTAB)
}

impl Python {
    fn find() -> Result<Self, String> {
        const NEEDED: &str = "import gi\n\
            gi.require_version('Gtk', '3.0')\n\
            gi.require_version('AyatanaAppIndicator3', '0.1')";
        let fit = |interpreter: &&str| {
            let mut python = Command::new(interpreter);
            let output = python.args(["-c", NEEDED]).output();
            output.is_ok_and(|output| output.status.success())
        };
        // The system's own first, since the package python3-gi is for it.
        let interpreter = ["/usr/bin/python3", "python3"].into_iter().find(fit).ok_or(
            "no python3 with gi, GTK 3 and AyatanaAppIndicator3 \
             (Debian: python3-gi gir1.2-ayatanaappindicator3-0.1)",
        )?;
        Ok(Self { interpreter, display: Display::open()? })
    }

    /// The tray that polls the same server for the accounts of a fixture.
    pub fn command(&self, fixture: &BenchFixture, claude: &str, codex: &str) -> Command {
        let mut command = fixture.command(Path::new(self.interpreter));
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/footprint/peer.py"))
            .args([claude, codex])
            .args(fixture.tokens())
            .env("DISPLAY", &self.display.name)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1");
        command
    }
}

impl Display {
    /// The session's, or else one in memory.
    fn open() -> Result<Self, String> {
        if let Ok(name) = std::env::var("DISPLAY") {
            return Ok(Self { name, server: None });
        }
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"]);
        let mut server = xvfb
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("no display, and no Xvfb: {error}"))?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("it is piped")).read_line(&mut number).ok();
        Ok(Self { name: format!(":{}", number.trim()), server: Some(server) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            server.kill().ok();
            server.wait().ok();
        }
    }
}
