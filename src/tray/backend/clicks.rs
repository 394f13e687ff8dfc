//! Clicks on menu items: ids → actions.

use crate::tray::menu::{Action, Item};
use crate::tray::menu_tree::actions_by_id;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tray_icon::menu::MenuEvent;

/// Turns clicks on menu items into actions. The library takes one handler for the whole life of the process, so this
/// is created once and outlives the icons.
#[derive(Clone)]
pub struct ClickHandler {
    /// The action of each clickable item of the menu on display, by its id.
    actions: Arc<Mutex<HashMap<String, Action>>>,
}

impl ClickHandler {
    /// Calls `on_click`, from a thread of the library, with the action of each item that is clicked.
    pub fn new(on_click: impl Fn(Action) + Send + Sync + 'static) -> ClickHandler {
        let handler = ClickHandler { actions: Arc::default() };
        let clicked = handler.clone();
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            let action = clicked.lock().get(&event.id.0).cloned();
            if let Some(action) = action {
                on_click(action);
            }
        }));
        handler
    }

    /// To be called when the menu changes: its items have new actions.
    pub fn set_items(&self, items: &[Item]) {
        *self.lock() = actions_by_id(items);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Action>> {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
