//! What the main thread requests from the icon's service.

use crate::tray::content::TrayContent;

/// What is to be displayed. Newer content replaces older content that has not been published yet.
#[derive(Debug, Default)]
pub struct Request {
    /// The content. `None`: there is none yet.
    pub content: Option<TrayContent>,
    /// Counts the calls of [`TrayBackend::invalidate_menu`](crate::tray::backend::TrayBackend::invalidate_menu).
    pub invalidations: u64,
    /// The icon is to be removed for good.
    pub close: bool,
}
