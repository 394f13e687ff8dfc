//! `completions`: each shell that is installed takes its script, and bash completes with it.

use super::*;

/// What the shell says to the script: its own check of the syntax, if it is installed.
fn checked(shell: &str, arguments: &[&str], script: &Path) {
    match Command::new(shell).args(arguments).arg(script).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        done => {
            let done = done.expect("run");
            assert!(done.status.success() && done.stderr.is_empty(), "{shell}: {done:?}");
        }
    }
}

#[test]
fn each_shell_gets_a_script_that_it_can_read_even_with_wrong_settings() {
    let scene = Scene::new();
    scene.file("config/quota-tray/config.toml", "refresh_minutes = 0");
    for (shell, check) in [
        ("bash", Some(&["-n"][..])),
        ("zsh", Some(&["-n"])),
        ("fish", Some(&["--no-config", "-n"])),
        ("elvish", None),
        ("powershell", None),
    ] {
        let done = scene.run(&["completions", shell]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{shell}");
        for word in ["status", "demo", "watch", "auth-dir"] {
            assert!(done.stdout.contains(word), "{shell}: {word} in {}", done.stdout);
        }
        scene.file(shell, &done.stdout);
        if let Some(arguments) = check {
            checked(shell, arguments, &scene.path(shell));
        }
    }
    let done = scene.run(&["completions", "tcsh"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("tcsh") && done.stderr.contains("zsh"), "{done:?}");
}

#[test]
fn bash_completes_commands_options_and_formats() {
    let scene = Scene::new();
    scene.file("script", &scene.run(&["completions", "bash"]).stdout);
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
        bash.args(["--norc", "-c", program, "bash"]).arg(scene.path("script")).arg("quota-tray").args(line);
        let done = match bash.output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            done => done.expect("run"),
        };
        assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), completed, "{line:?}: {done:?}");
    }
}
