//! Clicks on menu items and on the icon → events.

use crate::tray::backend::{TrayEvent, TrayEventHandler};
use crate::tray::menu::{Action, Item};
use crate::tray::menu_tree::actions_by_id;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tray_icon::menu::MenuEvent;
use tray_icon::{MouseButton, MouseButtonState, TrayIconEvent};

/// Turns clicks into events. The library accepts one handler of each kind per process.
#[derive(Clone)]
pub struct ClickHandler {
    /// The action of each clickable item of the menu on display, by its id.
    actions: Arc<Mutex<HashMap<String, Action>>>,
}

impl ClickHandler {
    /// Calls `on_event`, from a thread of the library.
    pub fn new(on_event: TrayEventHandler) -> ClickHandler {
        let on_event = Arc::new(on_event);
        let handler = ClickHandler { actions: Arc::default() };
        let (clicked, on_click) = (handler.clone(), on_event.clone());
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            let action = clicked.lock().get(&event.id.0).cloned();
            if let Some(action) = action {
                on_click(TrayEvent::Clicked(action));
            }
        }));
        TrayIconEvent::set_event_handler(Some(move |event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Middle,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                on_event(TrayEvent::SecondaryActivated);
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
