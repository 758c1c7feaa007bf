//! Suspects run alone.
//!
//! A message that makes the process abort takes its neighbours down with it, and the next delivery cannot tell which
//! of them did it. So a message whose last attempt ended without a word runs while no other handler of the process
//! does: if the process dies again, it was this one, and its neighbours lose no further attempt.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

#[derive(Debug, Default)]
pub(crate) struct Solo(RwLock<()>);

/// Leave to run a handler.
pub(crate) enum Turn<'a> {
    #[expect(dead_code, reason = "held for its drop")]
    Among(RwLockReadGuard<'a, ()>),
    #[expect(dead_code, reason = "held for its drop")]
    Alone(RwLockWriteGuard<'a, ()>),
}

impl Solo {
    pub(crate) async fn turn(&self, suspect: bool) -> Turn<'_> {
        if suspect {
            Turn::Alone(self.0.write().await)
        } else {
            Turn::Among(self.0.read().await)
        }
    }
}
