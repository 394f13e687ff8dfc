//! Windows takes a program's icon and version from a resource inside it. There is nothing to do for other systems.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=icons/quota-tray.ico");
    if std::env::var_os("CARGO_CFG_WINDOWS").is_some() {
        let mut resource = winresource::WindowsResource::new();
        resource
            .set_icon("icons/quota-tray.ico")
            .set("ProductName", "Quota Tray")
            .set("FileDescription", "Quota Tray")
            .set("OriginalFilename", "quota-tray.exe")
            .set("LegalCopyright", "Copyright © 2026 The Quota Tray authors. MIT licence.");
        if let Err(error) = resource.compile_for("quota-tray") {
            panic!(
                "could not make the resource with icon and version: {error}\nhint: it needs windres \
                 (package gcc-mingw-w64-x86-64), or rc.exe of the Windows SDK"
            );
        }
    }
}
