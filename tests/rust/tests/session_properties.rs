//! Random lives of a session against what must hold in every one of them.
//!
//! The world ([`World`]) plays driver, server and user and checks each invariant after each input.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngSeed};
use steadywire::Config;
use steadywire_tests::model::{self, Server, World, life};

/// The same cases in every run; `HUNT=20000` looks for others.
fn cases(cases: u32) -> Cases {
    let hunt = std::env::var("HUNT").ok().and_then(|cases| cases.parse().ok());
    let rng_seed = if hunt.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) };
    Cases { cases: hunt.unwrap_or(cases), rng_seed, failure_persistence: None, ..Cases::default() }
}

proptest! {
    #![proptest_config(cases(400))]

    /// Every life: no panic, no spin, one transport, bounds, answers in order, and one end per subscription.
    #[test]
    fn invariants_hold_in_every_life((setup, acts) in life(120), by_close in any::<bool>()) {
        let mut world = World::new(&setup);
        for act in &acts {
            world.play(act);
        }
        world.end(by_close);
    }

    /// A server that never serves is not hammered, whatever it does instead.
    #[test]
    fn a_dead_server_is_dialled_rarely(
        servers in vec(any::<u8>().prop_map(Server::dead), 1..8),
        interval in 100_u64..3000,
        seed in any::<u32>(),
    ) {
        let config = Config::new("ws://localhost/ws").reconnect_interval(interval);
        let dials = model::dials_in_1000_s(config, seed, &servers);
        // 15 doublings of the delay and 1000 s of the ceiling, each as short as the jitter allows.
        prop_assert!((2..=80).contains(&dials), "{dials} dials");
    }
}
