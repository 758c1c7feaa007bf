//! Work on many things at once, on as many processors as there are.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fewer things than this are done one after the other: threads would take longer to begin.
const WORTH_IT: usize = 32;
/// Into how many parts the work is cut for each thread: a thread that is held up leaves more of them to the others.
const PARTS: usize = 8;
/// The stack of a thread: far more than the deepest file takes that is read, also in a debug build. Pages that are not
/// used cost nothing.
pub(crate) const STACK: usize = 64 << 20;

/// What `work` makes of every item, in the items' order.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    if items.len() < WORTH_IT || threads == 1 {
        return items.iter().map(work).collect();
    }
    let parts: Vec<&[T]> = items
        .chunks(items.len().div_ceil(threads * PARTS))
        .collect();
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done: Vec<(usize, Vec<R>)> = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(number) else {
                return done;
            };
            done.push((number, part.iter().map(&work).collect()));
        }
    };
    let mut done = std::thread::scope(|scope| {
        // Where the system has no thread left, those that there are do it all.
        let others: Vec<_> = (1..threads.min(parts.len()))
            .filter_map(|_| {
                let thread = std::thread::Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, take).ok()
            })
            .collect();
        let mut done = take();
        for thread in others {
            match thread.join() {
                Ok(others) => done.extend(others),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().flat_map(|(_, part)| part).collect()
}

/// What both make, at the same time.
pub(crate) fn both<A: Send, B>(one: impl Fn() -> A + Sync, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, &one);
        let other = other();
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(one)) => (one, other),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // The system has no thread left.
            Err(_) => (one(), other),
        }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_order_is_kept() {
        for count in [0, 1, 31, 32, 33, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(super::map(&items, |item| item * 2), expected);
        }
    }
}
