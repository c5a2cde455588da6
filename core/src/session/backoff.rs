//! How long to wait before the next attempt, in integers so that every implementation agrees.

use crate::config::Config;

/// mulberry32: 32 bits of state, one draw per decision. Spelled out in spec/SESSION.md with test values.
#[derive(Clone, Debug)]
pub(crate) struct Rng(Source);

#[derive(Clone, Debug)]
enum Source {
    Seeded(u32),
    /// Vectors give the values themselves; the last one repeats.
    Given(std::collections::VecDeque<u32>),
}

impl Rng {
    pub(crate) fn seeded(seed: u32) -> Self {
        Self(Source::Seeded(seed))
    }

    pub(crate) fn given(values: impl IntoIterator<Item = u32>) -> Self {
        Self(Source::Given(values.into_iter().collect()))
    }

    pub(crate) fn next(&mut self) -> u32 {
        match &mut self.0 {
            Source::Seeded(state) => {
                *state = state.wrapping_add(0x6D2B_79F5);
                let mut t = *state;
                t = (t ^ (t >> 15)).wrapping_mul(t | 1);
                t ^= t.wrapping_add((t ^ (t >> 7)).wrapping_mul(t | 61));
                t ^ (t >> 14)
            }
            Source::Given(values) if values.len() > 1 => values.pop_front().expect("the length was checked"),
            Source::Given(values) => values.front().copied().unwrap_or(0),
        }
    }

    /// A whole number from 0 to `max`, both included.
    pub(crate) fn up_to(&mut self, max: u64) -> u64 {
        (u64::from(self.next()) * (max + 1)) >> 32
    }
}

/// The undisturbed delay before retry `k` (from 1): d(1) = min(max, interval), d(k+1) = min(max, d(k) * multiplier).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the multiplier lies between 1 and 10")]
pub(crate) fn base_delay(config: &Config, k: u32) -> u64 {
    let max = config.max_reconnect_backoff;
    let thousandths = (config.reconnect_backoff_multiplier * 1000.0).round() as u64;
    let mut delay = config.reconnect_interval.min(max);
    for _ in 1..k {
        let next = (delay * thousandths / 1000).min(max);
        if next == delay {
            break;
        }
        delay = next;
    }
    delay
}

/// The delay before retry `k`. After a link that was stable the first one is spread over the whole interval.
pub(crate) fn delay(config: &Config, k: u32, after_stable: bool, rng: &mut Rng) -> u64 {
    let base = base_delay(config, k);
    if k <= 1 && after_stable {
        return rng.up_to(base);
    }
    let low = base * 7 / 10;
    let high = (base * 13 / 10).min(config.max_reconnect_backoff);
    low + rng.up_to(high - low)
}

/// A delay that the server asked for, plus up to a fifth so that not all come at once; 5 minutes at most.
pub(crate) fn asked_delay(asked_ms: u64, rng: &mut Rng) -> u64 {
    const MOST: u64 = 250_000;
    let base = asked_ms.min(MOST);
    base + rng.up_to(base / 5)
}

/// The delay after the `n`th slow refusal in a row (from 1) where the server names none.
pub(crate) fn slow_delay(n: u32, rng: &mut Rng) -> u64 {
    const STEPS: [u64; 4] = [5_000, 15_000, 30_000, 60_000];
    asked_delay(STEPS[(n.max(1) as usize - 1).min(3)], rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-TRY-4: the values that spec/SESSION.md gives.
    #[test]
    fn mulberry32_gives_the_values_of_the_spec() {
        let mut rng = Rng::seeded(1);
        let drawn: Vec<u32> = (0..4).map(|_| rng.next()).collect();
        assert_eq!(drawn, [2_693_262_067, 11_749_833, 2_265_367_787, 4_213_581_821]);
    }

    #[test]
    fn the_curve_grows_to_the_ceiling_and_stays() {
        let config = Config::new("ws://h");
        let delays: Vec<u64> = [1, 2, 3, 4, 9, 10, 1000].map(|k| base_delay(&config, k)).to_vec();
        assert_eq!(delays, [1000, 1500, 2250, 3375, 25_624, 30_000, 30_000]);
    }

    #[test]
    fn no_delay_is_above_the_ceiling() {
        let config = Config::new("ws://h");
        let mut high = Rng::given([u32::MAX]);
        assert_eq!(delay(&config, 50, false, &mut high), 30_000);
        assert_eq!(delay(&config, 1, true, &mut high), 1000);
        assert_eq!(delay(&config, 1, true, &mut Rng::given([0])), 0);
        assert_eq!(delay(&config, 1, false, &mut Rng::given([0])), 700);
        assert_eq!(asked_delay(u64::MAX, &mut high), 300_000);
        assert_eq!(slow_delay(9, &mut Rng::given([0])), 60_000);
    }
}
