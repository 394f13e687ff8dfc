//! The floor under the tray's figures: a still icon and a menu of five rows with `tray-icon`, and
//! nothing else. What it takes nobody can save who shows an icon with this library, so
//! `benches/footprint.rs` measures it beside the program and prints the ratio.
//!
//! ```text
//! cargo run --release --example floor
//! ```

#[cfg(target_os = "linux")]
fn main() {
    use std::sync::mpsc;
    use tray_icon::menu::{Menu, MenuItem};
    use tray_icon::{Icon, TrayIconBuilder};

    const SIZE: u32 = 44;

    let menu = Menu::new();
    for row in 1..=5 {
        let item = MenuItem::new(format!("Row {row} — 42% left"), true, None);
        menu.append(&item).expect("could not add a menu row");
    }
    let grey = [0x7b, 0x80, 0x88, 0xff].repeat((SIZE * SIZE) as usize);
    let icon = Icon::from_rgba(grey, SIZE, SIZE).expect("four bytes a pixel");
    let _tray = TrayIconBuilder::new()
        .with_menu(Box::new(menu))
        .with_icon(icon)
        .build()
        .expect("could not show the icon: no D-Bus session bus");

    // The sender lives as long as the wait, so this is where the process stays until it is killed.
    let (_sender, events) = mpsc::channel::<()>();
    let _ = events.recv();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("floor: it is for Linux, where benches/footprint.rs measures it");
}
