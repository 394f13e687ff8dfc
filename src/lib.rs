//! Quota Tray: how much is left of your Claude and Codex quota, in the corner of the screen.
//!
//! This page is the map. A refresh flows one way: credentials → providers → snapshot → menu, icon,
//! alerts.
//!
//! | to change … | open |
//! |---|---|
//! | a setting, its default, its place in the file; its error message | [`config`], `config/file.rs`, `config/template.toml`; `config/fault.rs` |
//! | where requests may go | `config/endpoint.rs` |
//! | where files are on each system | `config/paths.rs` |
//! | what an account, a window, a usage is; all of them | [`quota::account`], [`quota::window`], [`quota::usage`]; [`quota::snapshot`] |
//! | money, credits and other facts beside the windows | [`quota::fact`], [`quota::money`]; how they read: `quota/words/facts.rs` |
//! | a login's identity, the key of everything that is kept for it | [`quota::identity`]; how it is made: [`credentials::identity`]; ids of odd file names: [`credentials::file_name`] |
//! | when something is said | [`quota::alert`], [`quota::notice`] |
//! | when an account needs its owner | [`quota::trouble`] |
//! | the user's own programs: settings, what they are told, how they run | [`hooks::command`], [`hooks::call`], [`hooks::run`] |
//! | how percentages are rounded, and when one is below a threshold | [`quota::percent`] |
//! | how percentages and moments read, and every sentence about quotas | [`quota::words`] and the files below it; reading moments: [`quota::moment`] |
//! | 12 or 24 hours, the order of a date, the decimal mark | [`quota::customs`], [`locale`] |
//! | how an account can fail | [`quota::failure`] |
//! | which files are accounts | [`credentials::store`] |
//! | the claims of a Codex ID token | [`credentials::claims`] |
//! | reading a file that its owner rewrites in place | [`credentials::file`] |
//! | renewing tokens: the order of the steps | [`credentials::renewal`] |
//! | … the request, and what its response means | `credentials/renewal/request.rs`, [`providers::token`] |
//! | … into the file, and when it is looked at again | `credentials/renewal/keeping.rs`, `…/after.rs` |
//! | … the credential, its journal, its copy | `credentials/renewal/files.rs` |
//! | … a response that the disk does not take | `credentials/renewal/saving.rs` |
//! | … copies of one login, and tokens that were spent for another file | `credentials/renewal/copies.rs`, `…/known.rs`, `credentials/spent.rs` |
//! | … why one is not renewed | `credentials/renewal/refusal.rs` |
//! | … whether CLIProxyAPI is there to do it | [`credentials::renewal::cli_proxy_api`] |
//! | … the journal, the locks | [`credentials::journal`], [`credentials::lock`] |
//! | … the change of the text; how the file is replaced, and whether it can be | [`credentials::rewrite`]; [`credentials::replacement`], `credentials/place.rs` |
//! | starting at login: the texts of each system, the place | [`autostart`] |
//! | noticing changed files; many changes as one | [`credentials::watch`]; [`bursts`] |
//! | a provider's API | [`providers::claude`] and the files below it, [`providers::codex`]; unknown shapes: [`providers::generic`] |
//! | a token endpoint's API; the request that spends a token | [`providers::token`], [`providers::post`] |
//! | time-outs, limits, proxies, 429 | [`providers::http`] |
//! | how many questions go to a host at once, and over how many connections | `providers/door.rs` |
//! | whose certificates are trusted | `providers/tls.rs` |
//! | where accounts come from: real or made up | [`source`] |
//! | the current time, also with a wrong clock | [`clock`] |
//! | when a refresh happens | [`refresher`]; waking up: [`alarm`] |
//! | how often an account may be asked | [`quota::pacing`]; the hourly budget, the pace after a 429: files below it |
//! | which tokens are not renewed, or not sent, any more | [`quota::refused`] |
//! | what is kept over restarts | [`state`] |
//! | the menu's rows, the tooltip | [`tray::menu`]; their words: [`tray::words`]; their ids: [`tray::shape`] |
//! | the pictures | [`tray::icon`] |
//! | what follows on what: events and effects | [`tray::app`] |
//! | the platform's tray (the one file that names `tray-icon`) | [`tray::native`] |
//! | who waits for that, and its thread on Linux | [`tray::shown`] |
//! | notifications (the one file that names `notify-rust`) | [`tray::notify`] |
//! | the main thread's loop (`tao` in one file of it) | [`tray::event_loop`] |
//! | is there a tray host; text where there is none | `tray/host.rs`, [`tray::terminal`] |
//! | is the icon registered with it | `tray/registration.rs` |
//! | the commands, their arguments and help | [`commands`]: one file each |
//! | standard output and standard error, the one place that writes to them; the log | [`commands::output`]; [`commands::messages`] |
//! | what text from outside may hold: control, bidirectional and zero-width characters, markup | [`plain`] |
//! | how `status --watch` notices that nobody reads on; how programs are asked to end | [`commands::hangup`]; [`commands::signals`] |
//! | one tray a user; opening files with the desktop's programs | [`commands::instance`]; `commands/opening.rs` |
//! | what `doctor` looks at | [`commands::doctor`] |
//! | the man pages, made from them | `examples/extras.rs` |
//! | packages, the macOS bundle, the Windows resource | `packaging/`, the end of `Cargo.toml`, `build.rs` |
//! | what `status` prints: the table, the JSON, for bars and collectors | [`commands::table`], [`commands::report`], [`commands::formats`] |
//! | how much memory the allocator keeps; why no core dump is made | [`memory`]; [`core_dumps`] |
//!
//! # Three rules
//!
//! 1. **The core is pure.** [`quota`], [`tray::menu`], [`tray::icon`] and [`tray::app`] know no clock, no
//!    disk, no network, no tray: `now` is an argument, the result is a value.
//! 2. **One way round.** The main thread has the tray, another the refresher; between them go two small
//!    enums, [`tray::app::Event`] and [`refresher::Command`]. On Linux the icon has a third, for its library
//!    waits without end for a tray host that hangs; and a token that is renewed has one while that lasts, so
//!    that nothing stands between the answer and its journal.
//! 3. **A login is never lost, a secret is never shown.** Only [`credentials`] writes credential files; a
//!    [`credentials::Secret`] prints as dots.
//!
//! # The way of one refresh
//!
//! 1. [`refresher::run`] wakes: the interval is over, "Refresh now", or the accounts changed on disk. A
//!    newer refresh ends the questions of the one under way.
//! 2. [`source::Accounts`] lists the accounts. What was known of each is shown, marked as loading: at once if
//!    there is news in that, else when the answers take their time.
//! 3. All are asked at once, each in a task of its own: one that fails, or panics, hides no other. An
//!    expired login is renewed first, in a task that nothing cuts short.
//! 4. The answers are merged over the last good ones and published as one [`quota::Snapshot`].
//! 5. [`tray::app::App`] makes a drawing of it, and notices; `commands/tray.rs` carries them out.
//! 6. Soon after, the connections are closed and free memory is given back. Nothing wakes until the next one.

// They panic where nothing can be written: see `commands/output.rs`.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

pub mod alarm;
pub mod autostart;
pub mod bursts;
pub mod clock;
pub mod commands;
pub mod config;
pub mod core_dumps;
pub mod credentials;
pub mod files;
pub mod hooks;
pub mod locale;
pub mod memory;
pub mod plain;
pub mod providers;
pub mod quota;
pub mod refresher;
pub mod source;
pub mod state;
pub mod tray;
