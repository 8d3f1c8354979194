//! Random changes of one bit or byte anywhere in a package: each is found. The seed is printed, and
//! `LANTERNFISH_SEED` repeats a run; `LANTERNFISH_MUTATIONS` sets the number (10,000, about half a
//! minute of two cores).

use std::fs;

use crate::sample::{Sample, broken};

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn law_05_random_changes_are_broken() {
    let count = setting("LANTERNFISH_MUTATIONS").unwrap_or(10_000);
    let seed = setting("LANTERNFISH_SEED").unwrap_or_else(|| std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64 | 1);
    println!("{count} random changes, LANTERNFISH_SEED={seed}");
    std::thread::scope(|scope| {
        for worker in 0..2 {
            scope.spawn(move || mutate(count / 2, seed.wrapping_mul(2 * worker + 1)));
        }
    });
}

fn mutate(count: u64, seed: u64) {
    let sample = Sample::copy();
    let (files, mut chance) = (sample.files(), Chance(seed | 1));
    // Half of the changes go to the seal files: they lie outside the manifests.
    let seals: Vec<&String> = files.iter().filter(|f| f.starts_with("seal/")).collect();
    for round in 0..count {
        let file = if round % 2 == 0 { seals[chance.below(seals.len())] } else { &files[chance.below(files.len())] };
        let original = sample.read(file);
        let changed = change(&original, &mut chance);
        if changed == original {
            continue;
        }
        fs::write(sample.path(file), &changed).unwrap();
        broken(&sample.verdict(), &format!("seed {seed}, round {round}, {file}"), "law");
        fs::write(sample.path(file), original).unwrap();
    }
    sample.is_sound("put back");
}

fn change(original: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let at = chance.below(bytes.len());
    match chance.below(6) {
        0..=2 => bytes[at] ^= 1 << chance.below(8),
        3 => bytes[at] = chance.next() as u8,
        4 => bytes.insert(at, chance.next() as u8),
        _ => {
            bytes.remove(at);
        }
    }
    bytes
}
