//! The loop on macOS and Windows. The one file that names `tao`.

use crate::app::state_machine::AppEvent;
use crate::tray::event_loop::ControlFlow;
use tao::event::{Event as TaoEvent, StartCause};
use tao::event_loop::{self, EventLoopBuilder, EventLoopProxy};

/// The main thread's loop.
pub struct EventLoop(event_loop::EventLoop<AppEvent>);

/// Sends events to the loop, from any thread.
#[derive(Clone)]
pub struct Sender(EventLoopProxy<AppEvent>);

impl Sender {
    /// Sends an event. One for a loop that has ended is of no interest to anybody.
    pub fn send(&self, event: AppEvent) {
        let _ = self.0.send_event(event);
    }
}

impl EventLoop {
    /// A loop that does not run yet. Only the main thread may have one.
    #[expect(clippy::new_without_default, reason = "a default must not claim the main thread")]
    pub fn new() -> EventLoop {
        #[cfg_attr(windows, expect(unused_mut, reason = "only macOS sets a policy"))]
        let mut event_loop = EventLoopBuilder::with_user_event().build();
        #[cfg(target_os = "macos")]
        {
            use tao::platform::macos::{ActivationPolicy, EventLoopExtMacOS};
            // A tray icon needs no Dock icon.
            event_loop.set_activation_policy(ActivationPolicy::Accessory);
        }
        EventLoop(event_loop)
    }

    /// Sends events to this loop.
    pub fn sender(&self) -> Sender {
        Sender(self.0.create_proxy())
    }

    /// Runs `handle` for each event, [`AppEvent::Started`] first, until it says to stop. The process ends
    /// with it: these platforms' loops do not return.
    pub fn run(self, mut handle: impl FnMut(AppEvent) -> ControlFlow<()> + 'static) {
        self.0.run(move |event, _, flow| {
            *flow = event_loop::ControlFlow::Wait;
            let event = match event {
                TaoEvent::NewEvents(StartCause::Init) => AppEvent::Started,
                TaoEvent::UserEvent(event) => event,
                _ => return,
            };
            if handle(event).is_break() {
                *flow = event_loop::ControlFlow::Exit;
            }
        });
    }
}
