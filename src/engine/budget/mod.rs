//! How often requests for an account's usage may be sent.
//!
//! The providers allow about five requests in five minutes, for all programs together, Claude 28–30 in an hour; requests
//! during a block prolong it.

mod admission;
mod hourly;
mod request_budget;
mod request_history;
mod slowdown;
#[cfg(test)]
mod tests;
mod validity;

pub use admission::{Admission, Candidate, RequestLimits};
pub use request_budget::RequestBudget;
