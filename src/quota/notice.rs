//! What the user is told of windows. Its words: `words/notices.rs`.

use super::{Account, Window};

/// More notices than this in one refresh become a single summary.
const MOST_AT_ONCE: usize = 3;

/// Something to tell the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A window fell below a threshold, or is used up.
    Low(Event),
    /// A window that had fired was given back.
    Reset(Event),
    /// So much at once that one sentence has to do.
    Summary {
        /// How many windows are low.
        low: usize,
        /// How many were given back.
        reset: usize,
        /// The worst of the low ones.
        worst: Option<Event>,
    },
}

/// The account and the window that a notice is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whose window it is.
    pub account: Account,
    /// The window as it was read.
    pub window: Window,
}

/// Many notices at once become a single one.
pub fn summarise(notices: Vec<Notice>) -> Vec<Notice> {
    if notices.len() <= MOST_AT_ONCE {
        return notices;
    }
    let (mut low, mut reset) = (Vec::new(), 0);
    for notice in notices {
        match notice {
            Notice::Low(event) => low.push(event),
            Notice::Reset(_) => reset += 1,
            Notice::Summary { .. } => {}
        }
    }
    let count = low.len();
    let worst =
        low.into_iter().min_by(|a, b| a.window.remaining_percent().total_cmp(&b.window.remaining_percent()));
    vec![Notice::Summary { low: count, reset, worst }]
}

impl Notice {
    /// Whether something is used up, so that the desktop should not let it pass unseen.
    pub fn is_urgent(&self) -> bool {
        match self {
            Notice::Low(event) | Notice::Summary { worst: Some(event), .. } => {
                event.window.remaining_percent() <= 0.0
            }
            _ => false,
        }
    }
}
