//! The notifications that the server shows: which of them a new one replaces, and which are outdated. Pure.

use crate::quota::Provider;
use crate::quota::notification::WindowId;
use std::collections::{BTreeMap, BTreeSet};

/// The notifications that one server shows, by their ids.
#[derive(Debug, Default)]
pub struct OpenNotifications(BTreeMap<u32, OpenNotification>);

/// A notification that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenNotification {
    /// The windows that it is about, without those for which it is outdated.
    pub windows: BTreeSet<WindowId>,
    /// The provider whose page it opens. `None`: it opens none.
    pub provider: Option<Provider>,
    /// Whether it is the list of the accounts.
    pub is_account_list: bool,
}

impl OpenNotifications {
    /// Adds a notification, or replaces the one with this id.
    pub fn insert(&mut self, id: u32, notification: OpenNotification) {
        self.0.insert(id, notification);
    }

    /// Removes a notification that is no longer shown. `None`: there is none with this id.
    pub fn remove(&mut self, id: u32) -> Option<OpenNotification> {
        self.0.remove(&id)
    }

    /// The notification with this id. `None`: there is none.
    pub fn get(&self, id: u32) -> Option<&OpenNotification> {
        self.0.get(&id)
    }

    /// Whether none is shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The notifications that a new one about these windows replaces: those about no other windows.
    pub fn replaced_by(&self, windows: &BTreeSet<WindowId>) -> Vec<u32> {
        let is_replaced =
            |open: &OpenNotification| !open.windows.is_empty() && open.windows.is_subset(windows);
        let replaced = self.0.iter().filter(|(_, open)| is_replaced(open));
        replaced.map(|(id, _)| *id).collect()
    }

    /// The lists of the accounts, which a new one replaces.
    pub fn account_lists(&self) -> Vec<u32> {
        self.0.iter().filter(|(_, open)| open.is_account_list).map(|(id, _)| *id).collect()
    }

    /// Records that the notifications about these windows are outdated. Removes and returns those about no other
    /// windows.
    pub fn take_outdated(&mut self, windows: &BTreeSet<WindowId>) -> Vec<u32> {
        let outdated = self.replaced_by(windows);
        outdated.iter().for_each(|id| _ = self.0.remove(id));
        self.0.values_mut().for_each(|open| open.windows.retain(|window| !windows.contains(window)));
        outdated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::AccountId;

    fn windows(keys: &[&str]) -> BTreeSet<WindowId> {
        let id = |key: &&str| WindowId { account: AccountId::file("a.json".into()), window: (*key).into() };
        keys.iter().map(id).collect()
    }

    fn shown(groups: &[&[&str]]) -> OpenNotifications {
        let open = |keys: &&[&str]| OpenNotification {
            windows: windows(keys),
            provider: None,
            is_account_list: false,
        };
        OpenNotifications((1..).zip(groups.iter().map(open)).collect())
    }

    #[test]
    fn notification_replaces_those_about_no_other_window() {
        let open = shown(&[&["5-hour"], &["weekly"], &["5-hour", "opus"]]);
        assert_eq!(open.replaced_by(&windows(&["5-hour"])), [1]);
        assert_eq!(open.replaced_by(&windows(&["5-hour", "weekly", "x"])), [1, 2]);
        assert_eq!(open.replaced_by(&windows(&["opus"])), [0_u32; 0]);
        let about_none = shown(&[&[]]);
        assert_eq!(about_none.replaced_by(&windows(&["5-hour"])), [0_u32; 0]);
    }

    #[test]
    fn notification_is_outdated_once_it_is_for_all_of_its_windows() {
        let mut open = shown(&[&["5-hour"], &["5-hour", "opus"], &["weekly"]]);
        assert_eq!(open.take_outdated(&windows(&["5-hour"])), [1]);
        assert_eq!(open.take_outdated(&windows(&["5-hour"])), [0_u32; 0]);
        assert_eq!(open.take_outdated(&windows(&["opus"])), [2]);
        assert!(open.get(3).is_some() && open.get(2).is_none());
    }
}
