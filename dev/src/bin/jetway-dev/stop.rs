//! Being asked to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask politely. Make one at the start: from then on they no longer end the process by themselves.
pub(crate) struct Asked {
    signals: [Signal; 3],
}

impl Asked {
    pub(crate) fn listen() -> std::io::Result<Self> {
        let [interrupt, terminate, hangup] = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ]
        .map(signal);
        Ok(Self {
            signals: [interrupt?, terminate?, hangup?],
        })
    }

    /// Waits until one arrives. Can be asked again, for the second Ctrl-C of the impatient.
    pub(crate) async fn stop(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
