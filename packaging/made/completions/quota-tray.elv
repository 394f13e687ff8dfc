
use builtin;
use str;

set edit:completion:arg-completer[quota-tray] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'quota-tray'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'quota-tray'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand status 'Ask for the usage once and print it'
            cand doctor 'Check everything that has to work, and say what to do'
            cand autostart 'Start Quota Tray at login'
            cand demo 'Show the tray with five made-up accounts: no account, no network, no real file'
            cand completions 'Print what a shell needs to complete the arguments'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'quota-tray;status'= {
            cand --format 'How to print it'
            cand --check 'Exit with 3 when any window has less than this left, in percent'
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand --cached 'Show what was known last, and ask nobody'
            cand --watch 'Go on, and print again at each refresh'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;doctor'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand --notify 'Send a notification, too'
            cand --show-accounts 'Name the accounts and their files: not for a public bug report'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;autostart'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand on 'Start Quota Tray at login, from where it is now'
            cand off 'Do not start it any more'
            cand status 'Say whether it is started, and from where'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'quota-tray;autostart;on'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;autostart;off'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;autostart;status'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;autostart;help'= {
            cand on 'Start Quota Tray at login, from where it is now'
            cand off 'Do not start it any more'
            cand status 'Say whether it is started, and from where'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'quota-tray;autostart;help;on'= {
        }
        &'quota-tray;autostart;help;off'= {
        }
        &'quota-tray;autostart;help;status'= {
        }
        &'quota-tray;autostart;help;help'= {
        }
        &'quota-tray;demo'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand --once 'Print them once instead'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;completions'= {
            cand --config 'The settings file'
            cand --auth-dir 'The folder with the credential files'
            cand -v 'Say more on standard error; up to three times'
            cand --verbose 'Say more on standard error; up to three times'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'quota-tray;help'= {
            cand status 'Ask for the usage once and print it'
            cand doctor 'Check everything that has to work, and say what to do'
            cand autostart 'Start Quota Tray at login'
            cand demo 'Show the tray with five made-up accounts: no account, no network, no real file'
            cand completions 'Print what a shell needs to complete the arguments'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'quota-tray;help;status'= {
        }
        &'quota-tray;help;doctor'= {
        }
        &'quota-tray;help;autostart'= {
            cand on 'Start Quota Tray at login, from where it is now'
            cand off 'Do not start it any more'
            cand status 'Say whether it is started, and from where'
        }
        &'quota-tray;help;autostart;on'= {
        }
        &'quota-tray;help;autostart;off'= {
        }
        &'quota-tray;help;autostart;status'= {
        }
        &'quota-tray;help;demo'= {
        }
        &'quota-tray;help;completions'= {
        }
        &'quota-tray;help;help'= {
        }
    ]
    $completions[$command]
}
