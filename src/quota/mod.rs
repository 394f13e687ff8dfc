//! The domain: accounts, windows, usage, snapshots, alerts. Pure: no clock, disk, network or environment; `now` is an
//! argument and the result is a value.

pub mod account;
pub mod account_id;
pub mod alert;
pub mod attention;
pub mod fact;
pub mod failure;
pub mod identity;
pub mod money;
pub mod notification;
pub mod percent;
pub mod provider;
pub mod snapshot;
pub mod timestamp;
pub mod usage;
pub mod window;

pub use account::Account;
pub use account_id::AccountId;
pub use fact::{CreditBalance, DollarCredit, Fact};
pub use failure::{Failure, RenewalFailure};
pub use identity::Identity;
pub use provider::Provider;
pub use snapshot::{AccountStatus, Snapshot};
pub use usage::{AccountUsage, ExtraUsage, TokenLifetime, Usage, UsageState};
pub use window::Window;
