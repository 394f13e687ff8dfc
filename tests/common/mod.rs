//! The test harness: the real binary on a private desktop, with a server on loopback.
//!
//! A [`Fixture`] has a D-Bus of its own with a tray host and a notification server (on Linux), an HTTP server on
//! loopback, and its own home; the program gets nothing of the machine's environment but `PATH`. Fixtures share
//! nothing, so tests run in parallel. A test waits for conditions, never for a time.
//!
//! ```ignore
//! let fixture = Fixture::new().claude("alice@example.com");
//! let program = fixture.spawn(&[]);
//! fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
//! fixture.host.click("Quit Quota Tray");
//! assert!(program.exit_status_within(Duration::from_secs(1)).success());
//! ```
//!
//! [`RenewalFixture`] adds accounts at a provider with a [`ledger`], [`SingleLogin`] one login and the search for
//! leaked tokens.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary compiles the whole harness and uses a part of it"
)]

mod certificate;
#[cfg(target_os = "linux")]
mod desktop;
mod fixture;
mod http_head;
mod https;
pub mod journal;
pub mod ledger;
mod program;
mod provider;
mod proxy;
mod renewal_fixture;
mod request;
mod response;
mod single_login;
mod status_report;
mod tcp_server;
#[cfg(unix)]
mod terminal;
mod test_account;
mod test_server;
pub mod tokens;
#[cfg(unix)]
mod unprivileged;
mod usage;
mod wait;

pub use certificate::Certificate;
#[cfg(target_os = "linux")]
pub use desktop::{
    Background, HostSignal, Icon, Menu, MenuItem, Notification, NotificationServer, NotifyBehavior, Pixmap,
    PrivateBus, TrayHost,
};
pub use fixture::Fixture;
pub use http_head::{field, read_head};
pub use https::HttpsFront;
pub use program::{Finished, Program};
pub use provider::Provider;
pub use proxy::{ProxyRequest, RecordingProxy};
pub use renewal_fixture::{RenewalFixture, TokenLocation};
pub use request::Request;
pub use response::{ClientEnd, Response};
#[cfg(unix)]
pub use single_login::is_root;
pub use single_login::{EMAIL, Row, SingleLogin, tokens_of};
pub use status_report::{AccountReport, StatusReport};
pub use tcp_server::TcpServer;
#[cfg(unix)]
pub use terminal::{Terminal, open as open_terminal};
pub use test_account::TestAccount;
pub use test_server::{ServerOptions, TestServer};
#[cfg(unix)]
pub use unprivileged::{NOBODY, unprivileged_command};
pub use usage::{claude_usage, codex_usage, reset_of};
pub use wait::{Gate, TIMEOUT, Watched, poll_until};
