//! Quota Tray: how much is left of your Claude and Codex quota, in the corner of the screen.
//!
//! This page is the map of the source. Data flows one way: [`sources`] → [`engine`] → snapshot → [`presenter`] → [`tray`],
//! [`output`], notifications. The layers below are in that order; a module imports from its own layer and from those below
//! it, and `tests/architecture.rs` checks this.
//!
//! # To change …
//!
//! ## What a person sees
//!
//! | to change … | open |
//! |---|---|
//! | the wording of the menu, the tooltip, the icon's accessible name and the actions of a notification | [`presenter::messages`] |
//! | the row of an account with its details; the list of all accounts | [`presenter::account_rows`]; `presenter/account_list.rs` |
//! | which percentage counts as low (the settings `thresholds`), for icon and rows | `presenter/snapshot_presenter.rs`, `config/windows.rs` |
//! | the states of the icon; which one is shown; what its accessible name, its tooltip and the text beside it say | [`presenter::icon_state`]; `presenter/summary.rs` |
//! | accounts that are named, hidden or pinned, and windows that are ignored, by the settings | [`presenter::preferences`]; `config/accounts.rs`, `config/windows.rs` |
//! | the displayed name of an account, its form with `hide_email`, the order of accounts | [`quota::account`] |
//! | when usage counts as old, so that its age is displayed | [`presenter::account_rows`] |
//! | how percentages, times and durations read; 12 or 24 hours, order of a date, decimal mark | [`presenter::format`]; [`presenter::locale_format`] |
//! | the message for a failed account; for a notification; for plan, money and credits | `presenter/failures.rs`; `presenter/notifications.rs`; `presenter/facts.rs` |
//! | the accounts as a notification, where a tray host opens no menu | `presenter/account_list_message.rs` |
//! | the accounts in the menu: a row per window or per account (the setting `menu`), text bars and marks | [`presenter::menu_rows`]; [`presenter::text_bar`] |
//! | the items of the menu, their order, actions and keys; which are greyed | [`tray::menu`]: `whole_menu.rs`, `accounts.rs`, `settings.rs`, `item.rs` |
//! | how the icon is drawn, one file per style; the digits and marks; its sizes; its colours | [`tray::icon`]: `gauge.rs`, `number.rs`, `bars.rs`; `glyphs.rs`; `render.rs`; `palette.rs` |
//! | the size of the pictures in front of menu rows | `tray/backend/status_notifier/menu.rs`; `tray/backend/tray_icon/icon_cache.rs` |
//! | a new format of `status` | a file in [`output`], and the enum `Format` in `cli/status.rs` |
//! | the table, the JSON, a format for a bar or collector of `status` | [`output::table`], [`output::json`], [`output::waybar`], [`output::i3blocks`], [`output::openmetrics`] |
//! | the advice where no tray host displays the icon; the rows in a terminal instead | [`presenter::tray_host`]; [`output::terminal`] |
//! | escaping, hidden characters, wrapping, removing e-mail addresses from messages | [`text`] |
//!
//! ## What happens when
//!
//! | to change … | open |
//! |---|---|
//! | what follows from an event of the tray program: events → effects | [`app::state_machine`]; for notifications and hooks `app/state_machine/alerts.rs` |
//! | what a left click, a middle click or a click in the menu does | [`app::runner`] (`app_event`), then [`app::state_machine`] |
//! | when the icon has the status `NeedsAttention` or `Passive`; which of several problems the menu shows | [`app::state_machine`] (`show`; `menu`) |
//! | how an effect is carried out; the threads and the channels between them | `app/effects.rs`; `app/background.rs`, [`app::runner`] |
//! | when a notification is sent, and when several become a summary; when an account needs attention | [`quota::alert`], [`quota::notification`]; [`quota::attention`] |
//! | quiet hours and snooze: which notifications are held back, and how long | [`quota::alert::held`]; `config/quiet.rs` |
//! | what happens with a notification that could not be shown | [`quota::alert::delivery`] |
//! | which notification replaces which; when one is closed; its picture, urgency and actions | `tray/notify/open_notifications.rs`; [`app::state_machine`] (`update_notified`); `tray/notify/request.rs`, `tray/notify/freedesktop.rs` |
//! | which program a hook runs, with which values; how it runs | [`app::hook_call`]; [`hooks::run`] |
//! | when a refresh happens; its course | [`engine::refresher`]; `engine/refresh.rs` |
//! | what follows from the reset of a window: the wake-up, the request after it | [`engine::reset_schedule`], [`engine::refresher`] |
//! | how one account is fetched, and its token renewed | `engine/fetch.rs` |
//! | how accounts of several sources are merged | `engine/merge.rs` |
//! | how often requests may be sent: five minutes, hour, after an error or a 429 | [`engine::budget`] |
//! | how long to wait after a 429: `Retry-After`, and the time where there is none | [`providers::retry_after`] |
//! | which access tokens are not sent or renewed any more | [`engine::refused_tokens`] |
//! | what is kept over restarts; in which folder | [`engine::state_dir`]; [`platform::paths`] |
//!
//! ## Accounts, providers, logins
//!
//! | to change … | open |
//! |---|---|
//! | what an account, a window, a usage, a snapshot is | [`quota::account`], [`quota::window`], [`quota::usage`], [`quota::snapshot`] |
//! | how an account can fail; how percentages are rounded and compared | [`quota::failure`]; [`quota::percent`] |
//! | the id of an account; the identity of its login | [`quota::account_id`]; [`quota::identity`], [`credentials::identity`] |
//! | where accounts come from; a new source; the demo | [`sources`]; `sources/registry.rs`; [`sources::demo`] |
//! | a provider's API; a new provider | [`providers::claude`], [`providers::codex`] and the files below them; [`providers::spec`], [`providers::registry`] |
//! | responses of unknown shape | [`providers::generic`] |
//! | timeouts, size limits, redirects, proxies, TLS | [`providers::http`], [`providers::proxy`], `providers/tls.rs` |
//! | how many connections a host gets at once | `providers/connection_gate.rs` |
//! | a token request and what its response means | [`providers::token_request`], [`providers::token_response`] |
//! | which files are accounts, and which keys of them are read; aliases of keys, reading a file that is rewritten in place | [`credentials::store`]; [`credentials::file`] |
//! | which keys a renewal writes | `credentials/renewal/credential.rs` |
//! | renewing tokens | [`credentials::renewal`]: the decisions are in `next_step.rs`, which the head of that page explains |
//! | the journal of a renewal; the locks around it | [`credentials::journal`]; [`credentials::lock`] |
//! | how the text of a credential file is changed; how the file is replaced | [`credentials::rewrite`]; [`credentials::replacement`] |
//! | whether CLIProxyAPI is running; at which addresses it is looked for | [`credentials::renewal::cli_proxy_api`]; `config/endpoints.rs` |
//! | which steps of a renewal are logged | `credentials/renewal/checkpoint.rs`, [`app::context`] |
//!
//! ## Commands, settings, systems
//!
//! | to change … | open |
//! |---|---|
//! | arguments and their help; a command | `cli/arguments.rs`; [`cli`], one file each |
//! | what every command starts with: paths, settings, locale | [`app::context`] |
//! | what `doctor` checks; the order of the checks | [`cli::doctor`], one file a subject; `command.rs` |
//! | a setting and its default; its place in the file; reading the file; how the menu changes it, also while an editor saves it; the error for a wrong one | [`config`]: `settings.rs`, and a file for each section; `template.toml`; `file.rs`; `choice.rs`, `edit.rs`; `problem.rs` |
//! | when a changed settings file takes effect; the thread that writes it | `app/settings_file.rs` |
//! | starting at login | [`autostart`], one file a system |
//! | the tray on Linux and BSD (with `zbus`), in `tray/backend/status_notifier/`: replies to tray hosts; the icon's properties; its menu | `calls.rs`; `item.rs`, `pixmap.rs`; `menu.rs`, `menu_layout.rs` |
//! | … registering the icon with the tray host, and how often that is retried; whether there is a session bus or a tray host; light or dark colours | `registration.rs`, `watcher.rs`; `session_bus.rs`; `color_scheme.rs` |
//! | the tray on macOS and Windows (the one module that names `tray-icon`) | `tray/backend/tray_icon/`, [`tray::menu_tree`] |
//! | what both have in common | [`tray::backend`], [`tray::content`] |
//! | showing notifications (on Linux and BSD with `zbus`; on macOS and Windows with `notify-rust`, in `native.rs`); the main loop (`tao` on macOS and Windows) | [`tray::notify`]; [`tray::event_loop`] |
//! | standard output and standard error; the log | [`platform::stdio`]; [`cli::logging`] |
//! | one tray per user | [`app::instance`] |
//! | paths, atomic writes, replacing a file that another program may be writing, file locks, folder watch, debounce | [`platform`], one file each |
//! | the clock, the timer that survives a suspend, the locale in force | [`platform::clock`], [`platform::wall_clock_timer`], [`platform::locale`] |
//! | memory returned to the system; core dumps; secrets | [`platform::allocator`], [`platform::code_pages`]; [`platform::core_dumps`]; [`platform::secret`] |
//! | man pages; packages, the macOS bundle, the Windows resource | `examples/extras.rs`; `packaging/`, `Cargo.toml`, `build.rs` |
//!
//! # Three rules
//!
//! 1. **The core is pure.** [`quota`], [`presenter`], [`text`], [`tray::menu`], [`tray::icon`] and [`app::state_machine`]
//!    use no clock, environment, disk, network or tray. `now`, time zone and locale are arguments; the result is a value.
//! 2. **One direction.** Imports point downward and data flows upward. The main thread runs the state machine, the
//!    background thread everything that waits: the engine, notifications, hooks, and on Linux and BSD the tray icon.
//!    Between them go [`app::state_machine::AppEvent`] and [`engine::refresher::Command`]. Each token request has its
//!    own thread, so that nothing delays writing its response to the journal. On macOS and Windows the tray icon is on
//!    the main thread, as these systems require.
//! 3. **A login is never lost, a secret is never shown.** Only [`credentials`] writes credential files; a
//!    [`platform::secret::Secret`] prints as dots.
//!
//! # The course of a refresh
//!
//! 1. [`engine::refresher::run`] starts it: the interval has passed, "Refresh now" was selected, the accounts have
//!    changed, or a window has reset. A newer refresh cancels the one in flight.
//! 2. [`engine::SourceSet`] lists the accounts of all sources. A snapshot with their last known values, marked as loading,
//!    is published: at once if it differs from what is shown, otherwise if the requests take longer than 0.4 s.
//! 3. The request budget decides which accounts are fetched. Each is fetched in its own task, so that one that fails or
//!    panics affects no other. An expired token is renewed first; a renewal is never cancelled.
//! 4. The responses are merged with the last known values, and the result is published as one [`quota::Snapshot`].
//! 5. [`app::state_machine::App`] turns it into the tray's content, notifications and hook calls; `app/effects.rs` carries
//!    them out.
//! 6. Ten seconds later the connections are closed and free memory is returned. Nothing wakes up until the next
//!    refresh or the next reset of a window.

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
