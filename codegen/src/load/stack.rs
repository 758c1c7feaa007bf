//! Reading a file goes as deep as its values lie within each other, in steps that need much stack.

use std::io;

use crate::parallel::STACK;

/// Runs `work` on a stack that does not depend on who calls.
///
/// # Errors
///
/// Where the system has no thread left.
pub(super) fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)?;
        Ok(thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
