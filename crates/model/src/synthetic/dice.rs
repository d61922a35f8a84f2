//! Numbers that look random and are decided by a seed.

/// A small generator (SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014). Not for secrets.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Numbers that this seed decides.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but not `bound`, which is not 0. The bias of the multiplication is
    /// far below anything that shows.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.roll()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from 0 up to but not 1.
    pub fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that happens `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of `items`, which is not empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// A log-normal number with this median: most are near it, a few are many times as large.
    pub fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        // The sum of twelve uniform numbers is close to normal, with variance 1.
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        median * (spread * normal).exp()
    }
}

/// Ranks drawn by Zipf's law: rank `n` comes in proportion to `1 / (n + 1)^exponent`.
#[derive(Debug, Clone)]
pub struct Zipf {
    /// The share of all ranks up to each one.
    cumulative: Vec<f64>,
}

impl Zipf {
    /// Ranks from 0 up to but not `ranks`, which is not 0.
    pub fn new(ranks: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += (rank as f64).powf(-exponent);
                sum
            })
            .collect();
        for share in &mut cumulative {
            *share /= sum;
        }
        Self { cumulative }
    }

    /// The rank that comes next.
    pub fn draw(&self, dice: &mut Dice) -> usize {
        let at = dice.unit();
        self.cumulative.partition_point(|&share| share <= at).min(self.cumulative.len() - 1)
    }
}
