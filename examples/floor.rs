//! The floor under the tray's figures: a still icon and a menu of five rows with the crate `ksni`, and nothing else.
//! `benches/footprint.rs` measures it beside the program and prints the ratio.
//!
//! ```text
//! cargo run --release --example floor
//! ```

#[cfg(target_os = "linux")]
mod floor {
    use ksni::menu::StandardItem;
    use ksni::{Icon, MenuItem, Tray, TrayMethods};

    const SIZE: i32 = 44;

    struct Floor;

    impl Tray for Floor {
        const MENU_ON_ACTIVATE: bool = true;

        fn id(&self) -> String {
            "floor".into()
        }

        fn icon_pixmap(&self) -> Vec<Icon> {
            let data = [0xff, 0x7b, 0x80, 0x88].repeat((SIZE * SIZE) as usize);
            vec![Icon { width: SIZE, height: SIZE, data }]
        }

        fn menu(&self) -> Vec<MenuItem<Floor>> {
            let row = |row| StandardItem { label: format!("Row {row} — 42% left"), ..Default::default() };
            (1..=5).map(|number| row(number).into()).collect()
        }
    }

    pub fn run() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let _tray = Floor.spawn().await.expect("could not show the icon: no D-Bus session bus");
            // Until it is killed.
            std::future::pending::<()>().await;
        });
    }
}

#[cfg(target_os = "linux")]
fn main() {
    floor::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("floor: it is for Linux, where benches/footprint.rs measures it");
}
