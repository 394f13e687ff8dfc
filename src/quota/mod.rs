//! What a quota is: accounts, windows, usage, alerts. Pure: no clock, no disk, no network; `now`
//! is an argument and the result is a value.

pub mod account;
pub mod alert;
pub mod customs;
pub mod fact;
pub mod failure;
pub mod identity;
pub mod moment;
pub mod money;
pub mod notice;
pub mod pacing;
pub mod percent;
pub mod refused;
pub mod snapshot;
pub mod trouble;
pub mod usage;
pub mod window;
pub mod words;

pub use account::{Account, AccountId, Provider};
pub use customs::Customs;
pub use fact::{CreditBalance, DollarCredit, Fact};
pub use failure::Failure;
pub use identity::Identity;
pub use snapshot::{Snapshot, Standing};
pub use usage::{AccountUsage, ExtraUsage, Reading, State, Validity};
pub use window::Window;
pub use words::Zone;
