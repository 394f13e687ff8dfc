//! `completions`: each shell takes its script, and bash completes with it.

use super::*;

/// The script of a shell, in a file.
fn script(scene: &Scene, shell: &str) -> PathBuf {
    let done = scene.run(&["completions", shell]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{shell}");
    for word in ["status", "demo", "watch", "auth-dir"] {
        assert!(done.stdout.contains(word), "{shell}: {word} in {}", done.stdout);
    }
    scene.file(shell, &done.stdout);
    scene.path(shell)
}

/// The shell's own check of the script's syntax.
#[track_caller]
fn assert_is_read_by(shell: &str, arguments: &[&str]) {
    let scene = Scene::new();
    let done = Command::new(shell).args(arguments).arg(script(&scene, shell)).output();
    let done = done.unwrap_or_else(|error| panic!("could not start {shell}: {error}"));
    assert!(done.status.success() && done.stderr.is_empty(), "{shell}: {done:?}");
}

#[test]
fn completions_are_printed_for_each_shell_even_with_invalid_settings() {
    let scene = Scene::new();
    scene.file("config/quota-tray/config.toml", "refresh_minutes = 0");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        script(&scene, shell);
    }
    let done = scene.run(&["completions", "tcsh"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("tcsh") && done.stderr.contains("zsh"), "{done:?}");
}

// A bash on Windows wants other paths.
#[cfg(unix)]
#[test]
fn completions_for_bash_are_valid_syntax() {
    assert_is_read_by("bash", &["-n"]);
}

#[test]
#[ignore = "needs zsh"]
fn completions_for_zsh_are_valid_syntax() {
    assert_is_read_by("zsh", &["-n"]);
}

#[test]
#[ignore = "needs fish"]
fn completions_for_fish_are_valid_syntax() {
    assert_is_read_by("fish", &["--no-config", "-n"]);
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_options_and_formats() {
    let scene = Scene::new();
    let script = script(&scene, "bash");
    for (line, completed) in [
        (&["sta"][..], "status"),
        (&["status", "--che"], "--check"),
        (&["status", "--format", "way"], "waybar"),
        (&["demo", "--on"], "--once"),
    ] {
        let program = r#"source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            function=$(complete -p quota-tray); function=${function##*-F }; function=${function%% *}
            "$function" "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo "${COMPREPLY[*]}""#;
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", program, "bash"]).arg(&script).arg("quota-tray").args(line);
        let done = bash.output().expect("could not start bash");
        assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), completed, "{line:?}: {done:?}");
    }
}
