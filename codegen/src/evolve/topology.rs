//! What others rely on beside the events' data: addresses, channels, operations and streams.

use super::item::Item;
use super::version::Version;

pub(super) fn compare(_old: &Version, _now: &Version, _against: &str) -> Vec<Item> {
    Vec::new()
}
