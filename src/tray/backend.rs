//! Rows and pixels → the platform's tray, changing only what changed. The one file that names
//! `tray-icon`.

use crate::app::state_machine::{AppEvent, TrayContent};
use crate::presenter::icon_state::IconState;
use crate::text;
use crate::tray::event_loop::Sender;
use crate::tray::icon::{self, Palette, Picture};
use crate::tray::menu::{Action, Item};
use crate::tray::menu_tree::{actions_by_id, escape, pictures_in, same_shape, words_only};
use std::collections::HashMap;
use std::mem::{replace, take};
use std::sync::{Arc, Mutex};
use tray_icon::menu::{
    CheckMenuItem, Icon as MenuIcon, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu,
};
use tray_icon::{Icon, TrayIcon, TrayIconBuilder};

/// One bitmap has to do for every panel: twice the usual 22 px, so that both plain and dense screens
/// show whole pixels. Windows draws its icons at 16 px times the scale, and scales 32 px best.
const ICON_SIZE: u32 = if cfg!(windows) { 32 } else { 44 };
/// Twice the 16 px of a menu, for dense screens.
const ROW_SIZE: u32 = 32;

/// On Linux the library packs the picture of each row anew at every change of anything, and sends all of them
/// when the menu is read: beyond this many rows they are plain 16 px, a quarter of it.
const MOST_LARGE: Option<usize> = if cfg!(any(target_os = "macos", windows)) { None } else { Some(24) };
const SMALL_ROW_SIZE: u32 = 16;

const INK: Palette = if cfg!(target_os = "macos") { Palette::Template } else { Palette::Colour };

/// Windows cuts a tooltip at 128 UTF-16 units with the closing zero, in the middle of a letter if it
/// must.
const LONGEST_TOOLTIP: usize = if cfg!(windows) { 127 } else { usize::MAX };

/// What each clickable item asks for, by its id.
type Actions = Arc<Mutex<HashMap<String, Action>>>;

/// The tray icon on show.
pub struct Native {
    tray: TrayIcon,
    actions: Actions,
    /// All but the rows. `None`: the next drawing is put up whole.
    shown: Option<TrayContent>,
    sheet: Sheet,
    /// The menu before this one, to be made the next one. `None`: there was none, or it is not kept.
    spare: Option<Sheet>,
}

/// A menu of the platform, and what stands in it.
struct Sheet {
    menu: Menu,
    handles: Vec<Handle>,
    items: Vec<Item>,
}

/// A menu item as the platform knows it.
enum Handle {
    Item(MenuItem),
    Check(CheckMenuItem),
    Submenu(Submenu, Vec<Handle>),
    Separator,
}

/// On Linux the library looks at the menu from a thread of its own as soon as anything in it changes. So that all of a
/// change goes out in one signal, a second menu is changed and takes the place of the first; to make it anew
/// each time, and to take the old one apart, is twice the work. Elsewhere rows are changed where they stand, and
/// an open menu stays open.
const BY_TURNS: bool = cfg!(not(any(target_os = "macos", windows)));

/// On Linux the library packs the pictures before it puts up the icon, and sends them all when the menu is read:
/// the numbers would come in twice the time.
const PICTURES_LATER: bool = cfg!(not(any(target_os = "macos", windows)));

/// Clicks are told to a handler that can be set once in a process's life.
#[derive(Clone, Default)]
pub struct Clicks(Actions);

impl Clicks {
    /// From now on clicks become events.
    pub fn new(events: Sender) -> Clicks {
        let clicks = Clicks::default();
        let actions = clicks.0.clone();
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            let action = lock(&actions).get(&event.id.0).copied();
            if let Some(action) = action {
                events.send(AppEvent::Clicked(action));
            }
        }));
        clicks
    }
}

impl Native {
    /// Puts the icon into the tray. Where pictures take long, the menu has none yet: the same drawing once
    /// more brings them.
    ///
    /// # Errors
    /// There is no tray to put it into.
    pub fn put_up(clicks: &Clicks, mut drawing: TrayContent) -> Result<Native, tray_icon::Error> {
        let items = take(&mut drawing.items);
        *lock(&clicks.0) = actions_by_id(&items);
        let sheet = Sheet::new(if PICTURES_LATER { words_only(items) } else { items });
        let builder = TrayIconBuilder::new()
            .with_id("quota-tray")
            .with_menu(Box::new(sheet.menu.clone()))
            .with_tooltip(tooltip(&drawing))
            .with_title(title(&drawing));
        #[cfg(target_os = "macos")]
        let with_icon = TrayIconBuilder::with_icon_templated;
        #[cfg(not(target_os = "macos"))]
        let with_icon = TrayIconBuilder::with_icon;
        let builder = match tray_bitmap(drawing.face, drawing.refreshing) {
            Some(icon) => with_icon(builder, icon),
            None => builder,
        };
        forget_changes();
        let actions = clicks.0.clone();
        Ok(Native { tray: builder.build()?, actions, shown: Some(drawing), sheet, spare: None })
    }

    /// The platform has changed an item by itself, as it does when a check item is clicked: the next
    /// drawing is put up whole.
    pub fn distrust_menu(&mut self) {
        self.shown = None;
        self.sheet.items.clear();
    }

    /// Shows a drawing in place of the last one.
    pub fn draw(&mut self, mut drawing: TrayContent) {
        let before = self.shown.take();
        let before = before.as_ref();
        let unchanged = |same: &dyn Fn(&TrayContent) -> bool| before.is_some_and(same);
        let mut result = Ok(());

        // First what one waits for: the library looks through the whole menu at each of these.
        let items = take(&mut drawing.items);
        if before.is_none() || self.sheet.items != items {
            self.show_rows(items);
        }
        if !unchanged(&|b| (b.face, b.refreshing) == (drawing.face, drawing.refreshing))
            && let Some(icon) = tray_bitmap(drawing.face, drawing.refreshing)
        {
            result = result.and(set_icon(&self.tray, icon));
        }
        if !unchanged(&|b| tooltip(b) == tooltip(&drawing)) {
            result = result.and(self.tray.set_tooltip(Some(tooltip(&drawing))));
        }
        if !unchanged(&|b| title(b) == title(&drawing)) {
            self.tray.set_title(Some(title(&drawing)));
        }
        match result {
            Ok(()) => self.shown = Some(drawing),
            // Nothing is taken for shown, so that the next drawing puts all of it up again.
            Err(error) => log::warn!("could not change the tray icon: {error}"),
        }
    }

    fn show_rows(&mut self, items: Vec<Item>) {
        *lock(&self.actions) = actions_by_id(&items);
        if !BY_TURNS && same_shape(&self.sheet.items, &items) {
            return self.sheet.change_to(items);
        }
        let next = match self.spare.take() {
            Some(mut spare) if same_shape(&spare.items, &items) => {
                spare.change_to(items);
                spare
            }
            _ => Sheet::new(items),
        };
        self.tray.set_menu(Some(Box::new(next.menu.clone())));
        let last = replace(&mut self.sheet, next);
        self.spare = BY_TURNS.then_some(last);
    }
}

impl Sheet {
    fn new(items: Vec<Item>) -> Sheet {
        let menu = Menu::new();
        let handles = build(&items, "", &mut Pictures::of_menu(&items), &mut |item| menu.append(item));
        Sheet { menu, handles, items }
    }

    /// Changes the rows where they stand; the shape is the same.
    fn change_to(&mut self, items: Vec<Item>) {
        update(&self.items, &items, &self.handles, &mut Pictures::of_menu(&items));
        self.items = items;
    }
}

fn lock(actions: &Actions) -> std::sync::MutexGuard<'_, HashMap<String, Action>> {
    actions.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Builds platform items and hands each to `put`.
fn build(
    items: &[Item],
    path: &str,
    pictures: &mut Pictures,
    put: &mut dyn FnMut(&dyn tray_icon::menu::IsMenuItem) -> Result<(), tray_icon::menu::Error>,
) -> Vec<Handle> {
    let mut handles = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let id = format!("{path}/{index}");
        let handle = match item {
            Item::Text(label) => Handle::Item(MenuItem::with_id(id, escape(label), true, None)),
            Item::Note(label) => Handle::Item(MenuItem::with_id(id, escape(label), false, None)),
            Item::Action(label, action) => {
                Handle::Item(MenuItem::with_id(id, escape(label), action.is_some(), None))
            }
            Item::Check(label, _, on) => {
                Handle::Check(CheckMenuItem::with_id(id, escape(label), true, *on, None))
            }
            Item::Submenu(label, face, items) => {
                let submenu = Submenu::with_id(id.as_str(), escape(label), true);
                set_face(&submenu, *face, pictures);
                let children = build(items, &id, pictures, &mut |item| submenu.append(item));
                Handle::Submenu(submenu, children)
            }
            Item::Separator => Handle::Separator,
        };
        let put_up = match &handle {
            Handle::Item(item) => put(item),
            Handle::Check(item) => put(item),
            Handle::Submenu(item, _) => put(item),
            Handle::Separator => put(&PredefinedMenuItem::separator()),
        };
        if let Err(error) = put_up {
            log::warn!("could not add a menu item: {error}");
        }
        handles.push(handle);
    }
    handles
}

fn update(old: &[Item], new: &[Item], handles: &[Handle], pictures: &mut Pictures) {
    for ((old, new), handle) in old.iter().zip(new).zip(handles) {
        if old == new {
            continue;
        }
        match (handle, new) {
            (Handle::Item(item), Item::Text(label) | Item::Note(label) | Item::Action(label, _)) => {
                item.set_text(escape(label));
                item.set_enabled(matches!(new, Item::Text(_) | Item::Action(_, Some(_))));
            }
            (Handle::Check(item), Item::Check(label, _, on)) => {
                item.set_text(escape(label));
                item.set_checked(*on);
            }
            (Handle::Submenu(item, handles), Item::Submenu(label, face, new)) => {
                if let Item::Submenu(old_label, old_face, old) = old {
                    if old_label != label {
                        item.set_text(escape(label));
                    }
                    if old_face.map(IconState::step) != face.map(IconState::step) {
                        set_face(item, *face, pictures);
                    }
                    update(old, new, handles, pictures);
                }
            }
            _ => {}
        }
    }
}

/// The library would take the making of the menu for changes of it, and look through all of it once more just
/// when the panel wants to read it.
fn forget_changes() {
    #[cfg(not(any(target_os = "macos", windows)))]
    while tray_icon::menu::MenuChangeEvent::receiver().try_recv().is_ok() {}
}

fn set_icon(tray: &TrayIcon, icon: Icon) -> Result<(), tray_icon::Error> {
    #[cfg(target_os = "macos")]
    return tray.set_icon_templated(Some(icon));
    #[cfg(not(target_os = "macos"))]
    tray.set_icon(Some(icon))
}

/// A StatusNotifier item is known by its title: panels read it aloud, list it, and put it above the
/// tooltip. Elsewhere a title stands beside the icon, and the tooltip is what is read aloud.
const NAMED_BY_TITLE: bool = cfg!(not(any(target_os = "macos", windows)));

fn title(drawing: &TrayContent) -> &str {
    if NAMED_BY_TITLE && drawing.title.is_empty() { &drawing.label } else { &drawing.title }
}

fn tooltip(drawing: &TrayContent) -> String {
    match NAMED_BY_TITLE {
        // Hosts take it for markup, as StatusNotifierItem says: Plasma for HTML, with pictures from anywhere.
        true => text::escape_markup(&text::truncate_to_utf16(&drawing.tooltip, LONGEST_TOOLTIP)),
        false => text::truncate_to_utf16(&format!("{}\n{}", drawing.label, drawing.tooltip), LONGEST_TOOLTIP),
    }
}

/// The pictures of one menu. Many accounts have few of them between them: each is drawn once.
struct Pictures {
    size: u32,
    drawn: Vec<(IconState, MenuIcon)>,
}

impl Pictures {
    fn of_menu(items: &[Item]) -> Pictures {
        let too_many = MOST_LARGE.is_some_and(|most| pictures_in(items) > most);
        let size = if too_many { SMALL_ROW_SIZE } else { ROW_SIZE };
        Pictures { size, drawn: Vec::new() }
    }

    fn of(&mut self, face: IconState) -> Option<MenuIcon> {
        let face = face.step();
        if let Some((_, drawn)) = self.drawn.iter().find(|(drawn, _)| *drawn == face) {
            return Some(drawn.clone());
        }
        let Picture { rgba, size } = icon::row(face, self.size, INK);
        let drawn = MenuIcon::from_rgba(rgba, size, size).ok()?;
        self.drawn.push((face, drawn.clone()));
        Some(drawn)
    }
}

fn set_face(submenu: &Submenu, face: Option<IconState>, pictures: &mut Pictures) {
    if let Some(icon) = face.and_then(|face| pictures.of(face)) {
        #[cfg(target_os = "macos")]
        submenu.set_icon_templated(Some(icon));
        #[cfg(not(target_os = "macos"))]
        submenu.set_icon(Some(icon));
    }
}

fn tray_bitmap(face: IconState, refreshing: bool) -> Option<Icon> {
    let Picture { rgba, size } = icon::tray(face, refreshing, ICON_SIZE, INK);
    Icon::from_rgba(rgba, size, size).ok()
}
