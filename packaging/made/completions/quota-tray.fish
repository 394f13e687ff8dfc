# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_quota_tray_global_optspecs
	string join \n config= auth-dir= v/verbose h/help V/version
end

function __fish_quota_tray_needs_command
	# Figure out if the current invocation already has a command.
	set -l cmd (commandline -opc)
	set -e cmd[1]
	argparse -s (__fish_quota_tray_global_optspecs) -- $cmd 2>/dev/null
	or return
	if set -q argv[1]
		# Also print the command, so this can be used to figure out what it is.
		echo $argv[1]
		return 1
	end
	return 0
end

function __fish_quota_tray_using_subcommand
	set -l cmd (__fish_quota_tray_needs_command)
	test -z "$cmd"
	and return 1
	contains -- $cmd[1] $argv
end

complete -c quota-tray -n "__fish_quota_tray_needs_command" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_needs_command" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_needs_command" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -f -a "status" -d 'Ask for the usage once and print it'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -f -a "doctor" -d 'Check everything that has to work, and say what to do'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -f -a "autostart" -d 'Start Quota Tray at login'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -f -a "demo" -d 'Show the tray with five made-up accounts: no account, no network, no real file'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -f -a "completions" -d 'Print what a shell needs to complete the arguments'
complete -c quota-tray -n "__fish_quota_tray_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -l format -d 'How to print it' -r -f -a "text\t'For people'
json\t'For programs; the README describes it'
waybar\t'For a custom module of Waybar'
i3blocks\t'For i3blocks'
openmetrics\t'For Prometheus'"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -l check -d 'Exit with 3 when any window has less than this left, in percent' -r
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -l cached -d 'Show what was known last, and ask nobody'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -l watch -d 'Go on, and print again at each refresh'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand status" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -l notify -d 'Send a notification, too'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -l show-accounts -d 'Name the accounts and their files: not for a public bug report'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -s h -l help -d 'Print help'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -f -a "on" -d 'Start Quota Tray at login, from where it is now'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -f -a "off" -d 'Do not start it any more'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -f -a "status" -d 'Say whether it is started, and from where'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and not __fish_seen_subcommand_from on off status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from on" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from on" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from on" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from on" -s h -l help -d 'Print help'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from on" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from off" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from off" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from off" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from off" -s h -l help -d 'Print help'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from off" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from status" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from status" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from help" -f -a "on" -d 'Start Quota Tray at login, from where it is now'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from help" -f -a "off" -d 'Do not start it any more'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say whether it is started, and from where'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand autostart; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand demo" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand demo" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand demo" -l once -d 'Print them once instead'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand demo" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand demo" -s h -l help -d 'Print help'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand demo" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand completions" -l config -d 'The settings file' -r -F
complete -c quota-tray -n "__fish_quota_tray_using_subcommand completions" -l auth-dir -d 'The folder with the credential files' -r -f -a "(__fish_complete_directories)"
complete -c quota-tray -n "__fish_quota_tray_using_subcommand completions" -s v -l verbose -d 'Say more on standard error; up to three times'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand completions" -s V -l version -d 'Print version'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and not __fish_seen_subcommand_from status doctor autostart demo completions help" -f -a "status" -d 'Ask for the usage once and print it'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and not __fish_seen_subcommand_from status doctor autostart demo completions help" -f -a "doctor" -d 'Check everything that has to work, and say what to do'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and not __fish_seen_subcommand_from status doctor autostart demo completions help" -f -a "autostart" -d 'Start Quota Tray at login'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and not __fish_seen_subcommand_from status doctor autostart demo completions help" -f -a "demo" -d 'Show the tray with five made-up accounts: no account, no network, no real file'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and not __fish_seen_subcommand_from status doctor autostart demo completions help" -f -a "completions" -d 'Print what a shell needs to complete the arguments'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and not __fish_seen_subcommand_from status doctor autostart demo completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and __fish_seen_subcommand_from autostart" -f -a "on" -d 'Start Quota Tray at login, from where it is now'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and __fish_seen_subcommand_from autostart" -f -a "off" -d 'Do not start it any more'
complete -c quota-tray -n "__fish_quota_tray_using_subcommand help; and __fish_seen_subcommand_from autostart" -f -a "status" -d 'Say whether it is started, and from where'
