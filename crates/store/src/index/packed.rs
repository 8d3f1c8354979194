//! Maps and ranges of a passage in few bytes, as the index keeps them: numbers of variable length, each as the difference
//! from the one before. It refuses bytes that are not what it writes.

/// Runs as numbers of variable length, each as the difference from the one before.
pub(super) fn pack_runs(runs: &[(u32, u64, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(runs.len() * 4);
    let (mut text, mut raw) = (0u64, 0u64);
    for (at, from, unit) in runs {
        put(&mut bytes, u64::from(*at).wrapping_sub(text));
        put(&mut bytes, zigzag(from.wrapping_sub(raw)));
        put(&mut bytes, u64::from(*unit));
        (text, raw) = (u64::from(*at), *from);
    }
    bytes
}

/// The same back; none for bytes that are no runs.
pub(super) fn unpack_runs(mut bytes: &[u8]) -> Option<Vec<(u32, u64, u32)>> {
    let (mut runs, mut text, mut raw) = (Vec::new(), 0u64, 0u64);
    while !bytes.is_empty() {
        text = text.wrapping_add(take(&mut bytes)?);
        raw = raw.wrapping_add(unzigzag(take(&mut bytes)?));
        runs.push((u32::try_from(text).ok()?, raw, u32::try_from(take(&mut bytes)?).ok()?));
    }
    Some(runs)
}

/// Ranges as two numbers each: from the end of the one before, and how long.
pub(super) fn pack_ranges(ranges: &[(u64, u64)]) -> Vec<u8> {
    let (mut bytes, mut before) = (Vec::with_capacity(ranges.len() * 4), 0u64);
    for (start, end) in ranges {
        put(&mut bytes, start.wrapping_sub(before));
        put(&mut bytes, end.wrapping_sub(*start));
        before = *end;
    }
    bytes
}

/// The same back; none for bytes that are no ranges.
pub(super) fn unpack_ranges(mut bytes: &[u8]) -> Option<Vec<(u64, u64)>> {
    let (mut ranges, mut before) = (Vec::new(), 0u64);
    while !bytes.is_empty() {
        let start = before.wrapping_add(take(&mut bytes)?);
        before = start.wrapping_add(take(&mut bytes)?);
        ranges.push((start, before));
    }
    Some(ranges)
}

fn zigzag(difference: u64) -> u64 {
    (difference << 1) ^ (0u64.wrapping_sub(difference >> 63))
}

fn unzigzag(value: u64) -> u64 {
    (value >> 1) ^ 0u64.wrapping_sub(value & 1)
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
