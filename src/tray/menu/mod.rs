//! The menu as a value: a tree of items, made from the presenter's rows. Pure.

mod accounts;
mod item;
mod settings;
mod whole_menu;

pub use accounts::account_items;
pub use item::{Action, Item, Submenu, SubmenuKey};
pub use whole_menu::Menu;
