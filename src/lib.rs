//! Quota Tray: how much is left of your Claude and Codex quota, in the corner of the screen.
//!
//! This page is the map. A refresh flows one way: credentials → providers → snapshot → menu, icon,
//! alerts.
//!
//! | to change … | open |
//! |---|---|
//! | a setting, its default, its place in the file; its error message | [`config`], `config/file.rs`, `config/template.toml`; `config/fault.rs` |
//! | where requests may go | `config/endpoint.rs` |
//! | where files are on each system | `platform/paths.rs` |
//! | what an account, a window, a usage is; all of them | [`quota::account`], [`quota::window`], [`quota::usage`]; [`quota::snapshot`] |
//! | money, credits and other facts beside the windows | [`quota::fact`], [`quota::money`]; how they read: `presenter/facts.rs` |
//! | a login's identity, the key of everything that is kept for it | [`quota::identity`]; how it is made: [`credentials::identity`]; ids of odd file names: [`credentials::file_name`] |
//! | when something is said | [`quota::alert`], [`quota::notification`] |
//! | when an account needs its owner | [`quota::attention`] |
//! | the user's own programs: settings, what they are told, how they run | [`config::hooks`], [`app::hook_call`], [`hooks::run`] |
//! | how percentages are rounded, and when one is below a threshold | [`quota::percent`] |
//! | how percentages and moments read, and every sentence about quotas | [`presenter::format`] and the files below it; reading moments: [`quota::timestamp`] |
//! | 12 or 24 hours, the order of a date, the decimal mark | [`presenter::locale_format`], [`platform::locale`] |
//! | how an account can fail | [`quota::failure`] |
//! | which files are accounts | [`credentials::store`] |
//! | the claims of a Codex ID token | [`credentials::claims`] |
//! | reading a file that its owner rewrites in place | [`credentials::file`] |
//! | renewing tokens: the order of the steps | [`credentials::renewal`] |
//! | … the request, and what its response means | `credentials/renewal/request.rs`, [`providers::token_response`] |
//! | … into the file, and when it is looked at again | `credentials/renewal/keeping.rs`, `…/after.rs` |
//! | … the credential, its journal, its copy | `credentials/renewal/files.rs` |
//! | … a response that the disk does not take | `credentials/renewal/saving.rs` |
//! | … copies of one login, and tokens that were spent for another file | `credentials/renewal/copies.rs`, `…/known.rs`, `credentials/spent.rs` |
//! | … why one is not renewed | `credentials/renewal/refusal.rs` |
//! | … whether CLIProxyAPI is there to do it | [`credentials::renewal::cli_proxy_api`] |
//! | … the journal, the locks | [`credentials::journal`], [`credentials::lock`] |
//! | … the change of the text; how the file is replaced, and whether it can be | [`credentials::rewrite`]; [`credentials::replacement`], `credentials/place.rs` |
//! | starting at login: the texts of each system, the place | [`autostart`] |
//! | noticing changed files; many changes as one | [`platform::folder_watch`]; [`platform::debounce`] |
//! | a provider's API | [`providers::claude`] and the files below it, [`providers::codex`]; unknown shapes: [`providers::generic`] |
//! | a token endpoint's API; the request that spends a token | [`providers::token_response`], [`providers::token_request`] |
//! | time-outs, limits, proxies, 429 | [`providers::http`] |
//! | how many questions go to a host at once, and over how many connections | `providers/connection_gate.rs` |
//! | whose certificates are trusted | `providers/tls.rs` |
//! | where accounts come from: real or made up | [`sources`] |
//! | the current time, also with a wrong clock | [`platform::clock`] |
//! | when a refresh happens | [`engine::refresher`]; waking up: [`platform::wall_clock_timer`] |
//! | how often an account may be asked | [`engine::budget`]; the hourly budget, the pace after a 429: files below it |
//! | which tokens are not renewed, or not sent, any more | [`engine::refused_tokens`] |
//! | what is kept over restarts | [`engine::state_dir`] |
//! | the menu's rows, the tooltip | [`tray::menu`]; their words: [`presenter::messages`]; their ids: [`tray::menu_tree`] |
//! | the pictures | [`tray::icon`] |
//! | what follows on what: events and effects | [`app::state_machine`] |
//! | the platform's tray (the one file that names `tray-icon`) | [`tray::backend`] |
//! | who waits for that, and its thread on Linux | [`tray::handle`] |
//! | notifications (the one file that names `notify-rust`) | [`tray::notify`] |
//! | the main thread's loop (`tao` in one file of it) | [`tray::event_loop`] |
//! | is there a tray host; text where there is none | `tray/host.rs`, [`output::terminal`] |
//! | is the icon registered with it | `tray/registration.rs` |
//! | the commands, their arguments and help | [`cli`]: one file each |
//! | standard output and standard error, the one place that writes to them; the log | [`platform::stdio`]; [`cli::logging`] |
//! | what text from outside may hold: control, bidirectional and zero-width characters, markup | [`text`] |
//! | how `status --watch` notices that nobody reads on; how programs are asked to end | [`platform::hangup`]; [`platform::signals`] |
//! | one tray a user; opening files with the desktop's programs | [`app::instance`]; `platform/opener.rs` |
//! | what `doctor` looks at | [`cli::doctor`] |
//! | the man pages, made from them | `examples/extras.rs` |
//! | packages, the macOS bundle, the Windows resource | `packaging/`, the end of `Cargo.toml`, `build.rs` |
//! | what `status` prints: the table, the JSON, for bars and collectors | [`output::table`], [`output::json`], [`output::formats`] |
//! | how much memory the allocator keeps; why no core dump is made | [`platform::allocator`]; [`platform::core_dumps`] |
//!
//! # Three rules
//!
//! 1. **The core is pure.** [`quota`], [`tray::menu`], [`tray::icon`] and [`app::state_machine`] know no clock, no
//!    disk, no network, no tray: `now` is an argument, the result is a value.
//! 2. **One way round.** The main thread has the tray, another the refresher; between them go two small
//!    enums, [`app::state_machine::AppEvent`] and [`engine::refresher::Command`]. On Linux the icon has a third, for its library
//!    waits without end for a tray host that hangs; and a token that is renewed has one while that lasts, so
//!    that nothing stands between the answer and its journal.
//! 3. **A login is never lost, a secret is never shown.** Only [`credentials`] writes credential files; a
//!    [`platform::secret::Secret`] prints as dots.
//!
//! # The way of one refresh
//!
//! 1. [`engine::refresher::run`] wakes: the interval is over, "Refresh now", or the accounts changed on disk. A
//!    newer refresh ends the questions of the one under way.
//! 2. [`engine::SourceSet`] lists the accounts. What was known of each is shown, marked as loading: at once if
//!    there is news in that, else when the answers take their time.
//! 3. All are asked at once, each in a task of its own: one that fails, or panics, hides no other. An
//!    expired login is renewed first, in a task that nothing cuts short.
//! 4. The answers are merged over the last good ones and published as one [`quota::Snapshot`].
//! 5. [`app::state_machine::App`] makes a drawing of it, and notices; `app/runner.rs` carries them out.
//! 6. Soon after, the connections are closed and free memory is given back. Nothing wakes until the next one.

// They panic where nothing can be written: see `platform/stdio.rs`.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

pub mod app;
pub mod autostart;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod engine;
pub mod hooks;
pub mod output;
pub mod platform;
pub mod presenter;
pub mod providers;
pub mod quota;
pub mod sources;
pub mod text;
pub mod tray;
