//! A few fixed seeds, what they reach, and proof that the judges notice what is wrong.

use steadywire_sim::chaos::Coverage;
use steadywire_sim::play::{play, traced};
use steadywire_sim::subject::Sabotage;

/// Those that every test run plays.
const SEEDS: u64 = 300;

/// What must have happened among them: a simulator that cannot get there proves nothing.
const REACHED: [&str; 34] = [
    "path resumed with replay",
    "path replay dropped",
    "path run again",
    "path read pause",
    "path read resume",
    "path written again",
    "path published again",
    "path introduced",
    "path older link fenced",
    "path written by a sign of life",
    "path written by time",
    "path greeting awaited in vain",
    "path synthetic outcome",
    "path unknown to the server",
    "path credentials of no use",
    "path answered by a disposition",
    "path answered by the proposal",
    "path decided without an answer",
    "path question forgotten",
    "path answer of no use",
    "path outcome remembered",
    "receipt acked",
    "receipt written",
    "receipt unknown",
    "receipt dropped overflow",
    "receipt dropped superseded",
    "settled connected",
    "settled disconnected",
    "settled flushed",
    "settled outcome",
    "settled receipt",
    "state connected",
    "state reconnecting",
    "state error",
];

#[test]
fn nothing_is_wrong_and_everything_is_reached() {
    let mut coverage = Coverage::default();
    for seed in 1..=SEEDS {
        match play(seed, None) {
            Ok(summary) => coverage.add(&summary.coverage),
            Err(violation) => panic!("{}", violation.report()),
        }
    }
    let missing: Vec<&str> = REACHED.into_iter().filter(|what| coverage.count(what) == 0).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
}

#[test]
fn a_seed_decides_everything() {
    let life = |seed| traced(seed).expect("nothing is wrong").traces;
    assert_eq!(life(3), life(3));
    assert_ne!(life(3), life(4));
}

/// The traces say all that a session was given, and what it made of it.
#[test]
fn a_trace_is_played_again_with_the_same_outputs() {
    for seed in 1..=5 {
        for trace in traced(seed).expect("nothing is wrong").traces {
            let trace = trace.as_object().expect("a trace is an object");
            let wanted = trace["steps"].as_array().expect("its steps are a list");
            assert_eq!(&steadywire_tests::player::play(trace), wanted, "{}", trace["name"]);
        }
    }
}

#[test]
fn a_wrong_session_is_noticed() {
    for sabotage in Sabotage::ALL {
        let noticed = (1..=SEEDS).any(|seed| play(seed, Some(*sabotage)).is_err());
        assert!(noticed, "{sabotage:?} goes unnoticed");
    }
}
