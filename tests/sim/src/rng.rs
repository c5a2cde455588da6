//! One generator for everything that is left to chance.

/// splitmix64: 64 bits of state, every seed is a good seed.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    #[allow(clippy::cast_possible_truncation, reason = "the high half of a product of 64 bits has 64 bits")]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Whether something happens that does so `rate` times in 10,000.
    pub fn chance(&mut self, rate: u32) -> bool {
        self.below(10_000) < u64::from(rate)
    }

    /// One of a list that is not empty.
    #[allow(clippy::cast_possible_truncation, reason = "it is less than the length of a slice")]
    pub fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize].clone()
    }

    /// A time around `mean`: mostly near it, sometimes much longer.
    pub fn around(&mut self, mean: u64) -> u64 {
        let most = if self.chance(1000) { 8 * mean } else { 2 * mean };
        self.below(most + 1)
    }
}
