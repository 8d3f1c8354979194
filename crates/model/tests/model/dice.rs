//! Random numbers that are the same on every run (SplitMix64), so that a failure can be walked again.

/// A seeded source of numbers.
pub struct Dice(pub u64);

impl Dice {
    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % n as u64).unwrap()
    }

    /// True once in `n` throws.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `items`.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Each of `items` with chance `of` in `out_of`.
    pub fn some<T: Copy>(&mut self, items: &[T], of: usize, out_of: usize) -> Vec<T> {
        items.iter().copied().filter(|_| self.below(out_of) < of).collect()
    }

    /// 16 random bytes, for ids.
    pub fn bytes(&mut self) -> [u8; 16] {
        let mut out = [0; 16];
        out[..8].copy_from_slice(&self.roll().to_be_bytes());
        out[8..].copy_from_slice(&self.roll().to_be_bytes());
        out
    }
}
