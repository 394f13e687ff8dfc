//! The event loop on macOS and Windows. The one file that names `tao`.

use std::ops::ControlFlow;
use tao::event::{Event, StartCause};
use tao::event_loop::{self, EventLoopBuilder, EventLoopProxy};

/// The main thread's event loop.
pub struct EventLoop<E: 'static>(event_loop::EventLoop<E>);

/// Sends events to the loop, from any thread.
pub struct Sender<E: 'static>(EventLoopProxy<E>);

impl<E> Clone for Sender<E> {
    fn clone(&self) -> Sender<E> {
        Sender(self.0.clone())
    }
}

impl<E> Sender<E> {
    /// Sends an event. After the end of the loop it is dropped.
    pub fn send(&self, event: E) {
        let _ = self.0.send_event(event);
    }
}

impl<E: 'static> EventLoop<E> {
    /// Creates a loop, which handles events from [`run`](EventLoop::run) on. Only the main thread may create one.
    #[expect(clippy::new_without_default, reason = "a default must not claim the main thread")]
    pub fn new() -> EventLoop<E> {
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

    /// A sender for this loop.
    pub fn sender(&self) -> Sender<E> {
        Sender(self.0.create_proxy())
    }

    /// Calls `handle` with `started`, then with each event, until it returns `Break`. The process ends with it: these
    /// platforms' loops do not return.
    pub fn run(self, started: E, mut handle: impl FnMut(E) -> ControlFlow<()> + 'static) {
        let mut started = Some(started);
        self.0.run(move |event, _, flow| {
            *flow = event_loop::ControlFlow::Wait;
            let event = match event {
                Event::NewEvents(StartCause::Init) => started.take(),
                Event::UserEvent(event) => Some(event),
                _ => None,
            };
            if event.is_some_and(|event| handle(event).is_break()) {
                *flow = event_loop::ControlFlow::Exit;
            }
        });
    }
}
