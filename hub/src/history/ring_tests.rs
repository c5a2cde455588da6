use super::*;

const PACE: Pace =
    Pace { messages: 1_000, bytes: 1 << 20, max_unread_bytes: 1 << 20, max_unread_messages: 1 << 20, stamped: true };
const OUTCOME: Kind = Kind::Outcome { failed: false };

/// A ring and the position its next message gets. Each message takes 20 bytes.
struct Source {
    ring: Ring,
    run: u64,
    seq: u64,
    bounds: Bounds,
}

impl Source {
    fn new(messages: usize, bytes: usize) -> Self {
        Source { ring: Ring::default(), run: 1, seq: 0, bounds: Bounds { messages, bytes } }
    }

    fn push(&mut self, kind: Kind) {
        self.seq += u64::from(kind != Kind::Passing);
        let seq = if kind == Kind::Passing { 0 } else { self.seq };
        let text = format!("{{\"q\":{:>8}{seq:>6}}}", self.run);
        let plain = text.len() - 1;
        self.ring.push(self.run, seq, kind, text.into(), plain, self.bounds);
    }

    fn push_all(&mut self, kinds: &[Kind]) {
        kinds.iter().for_each(|kind| self.push(*kind));
    }

    /// What a reader gets, as (covers, seq).
    fn read(&self, reader: &mut Reader, pace: Pace) -> Vec<(u64, u64)> {
        let mut got = Vec::new();
        while self.ring.read(reader, pace, |text| got.push(span_of(&text))) == Read::More {}
        got
    }

    fn fresh(&self) -> Vec<(u64, u64)> {
        self.read(&mut self.ring.reader(self.run), PACE)
    }
}

fn span_of(text: &str) -> (u64, u64) {
    let digits = |part: &str| part.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap();
    let seq = digits(&text[13..19].replace(' ', ""));
    (text.split_once("covers").map_or(seq, |(_, covers)| digits(covers)), seq)
}

/// P-SEQ-3
#[test]
fn at_the_bound_superseded_progress_goes_first_and_is_covered() {
    let mut source = Source::new(8, 1 << 20);
    source.push_all(&[Kind::Line, Kind::Progress, Kind::Progress, Kind::Line, Kind::Progress, Kind::Line, Kind::Line]);
    source.push_all(&[Kind::Progress, Kind::Line]);
    // Nine were pushed, six stay: 2, 3 and 5 went.
    let (mut reader, whole) = source.ring.reader_after(1, 0, source.seq);
    assert_eq!(source.read(&mut reader, PACE), [(1, 1), (2, 4), (5, 6), (7, 7), (8, 8), (9, 9)]);
    assert!(whole);
}

#[test]
fn then_the_oldest_lines_go_then_status_and_never_the_latest_progress_or_the_outcome() {
    let mut source = Source::new(8, 1 << 20);
    source.push_all(&[Kind::Progress, Kind::Status, OUTCOME]);
    source.push_all(&[Kind::Line; 20]);
    assert_eq!(source.fresh().into_iter().take(3).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 3)]);
    assert!(source.ring.records.len() <= 8);
    let (_, whole) = source.ring.reader_after(1, 3, source.seq);
    assert!(!whole, "lines after the cursor are lost");
    let (_, whole) = source.ring.reader_after(1, source.seq - 1, source.seq);
    assert!(whole);
    source.push_all(&[Kind::Status; 20]);
    let left = source.fresh();
    assert_eq!(left[..2], [(1, 1), (3, 3)], "{left:?}");
    assert!(left.len() <= 8);
}

#[test]
fn bytes_are_bounded_too_and_the_newest_stays_whatever_it_weighs() {
    let mut source = Source::new(1_000, 200);
    source.push_all(&[Kind::Line; 50]);
    assert!(source.ring.bytes() <= 200, "{}", source.ring.bytes());
    assert_eq!(source.fresh().last(), Some(&(50, 50)));
    source.bounds.bytes = 10;
    source.push(Kind::Line);
    assert_eq!(source.fresh(), [(51, 51)]);
}

#[test]
fn a_follower_far_behind_gets_the_latest_progress_only() {
    let mut source = Source::new(1_000, 1 << 20);
    let (mut reader, _) = source.ring.reader_after(1, 0, 0);
    source.push_all(&[Kind::Progress; 10]);
    source.push(Kind::Line);
    source.push_all(&[Kind::Progress; 3]);
    let pace = Pace { max_unread_messages: 20, ..PACE };
    // Fourteen wait: above half of twenty until ten do.
    let got = source.read(&mut reader, pace);
    assert_eq!(got[..2], [(1, 5), (6, 6)], "{got:?}");
    assert_eq!(got.last(), Some(&(14, 14)));
    source.push_all(&[Kind::Progress; 12]);
    let pace = Pace { max_unread_bytes: 20 * 12, ..PACE };
    let got = source.read(&mut reader, pace);
    assert_eq!((got[0], got.len()), ((15, 21), 6), "{got:?}");
}

#[test]
fn at_the_unread_bound_the_oldest_lines_are_left_out_and_nothing_else() {
    let mut source = Source::new(1_000, 1 << 20);
    let (mut reader, _) = source.ring.reader_after(1, 0, 0);
    source.push(Kind::Status);
    source.push_all(&[Kind::Line; 10]);
    source.push(OUTCOME);
    let got = source.read(&mut reader, Pace { max_unread_bytes: 20 * 4, ..PACE });
    assert_eq!(got, [(1, 1), (9, 9), (10, 10), (11, 11), (12, 12)]);
}

#[test]
fn a_follower_that_would_miss_a_status_has_to_come_back() {
    let mut source = Source::new(4, 1 << 20);
    let (mut reader, _) = source.ring.reader_after(1, 0, 0);
    source.push_all(&[Kind::Status; 4]);
    let mut late = source.ring.reader(1);
    source.push(Kind::Status);
    assert_eq!(source.ring.read(&mut reader, PACE, |_| ()), Read::Overrun);
    assert_eq!(source.ring.read(&mut late, PACE, |_| ()), Read::Overrun);
    let (mut reader, whole) = source.ring.reader_after(1, 0, source.seq);
    assert!(!whole);
    assert_eq!(source.ring.read(&mut reader, PACE, |_| ()), Read::Done, "what was gone before is no loss of its");
}

#[test]
fn a_follower_behind_gets_the_old_outcome_before_the_new_run() {
    let mut source = Source::new(8, 1 << 20);
    let (mut reader, _) = source.ring.reader_after(1, 0, 0);
    source.push_all(&[Kind::Line, OUTCOME]);
    (source.run, source.seq) = (2, 0);
    source.push_all(&[Kind::Line; 9]);
    let got = source.read(&mut reader, PACE);
    assert_eq!(got[0], (2, 2), "{got:?}");
    let fresh = source.fresh();
    assert_eq!(fresh.last(), Some(&(9, 9)));
    assert!(!fresh.contains(&(2, 2)), "the outcome of the old run is not replayed: {fresh:?}");
}

#[test]
fn reading_in_pieces_carries_what_was_skipped() {
    let mut source = Source::new(1_000, 1 << 20);
    source.push_all(&[Kind::Line, Kind::Progress, Kind::Progress, Kind::Line, Kind::Progress]);
    let mut reader = source.ring.reader(1);
    let pace = Pace { messages: 1, ..PACE };
    let mut got = Vec::new();
    assert_eq!(source.ring.read(&mut reader, pace, |text| got.push(span_of(&text))), Read::More);
    source.push(Kind::Progress);
    got.extend(source.read(&mut reader, pace));
    assert_eq!(got, [(1, 1), (2, 4), (5, 6)]);
}

/// Random messages, random reading, random resuming: what is not handed over is covered or was
/// really lost, and what was really lost is never covered.
/// P-SEQ-3, P-SEQ-4, P-LIM-5
#[test]
fn no_gap_is_false_and_no_loss_is_hidden() {
    for seed in 0..400 {
        run_model(seed);
    }
}

fn run_model(seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut source = Source::new(4 + random(30) as usize, 100 + random(900) as usize);
    let mut lines = Vec::new();
    let mut latest_progress = 0;
    let (mut reader, _) = source.ring.reader_after(1, 0, 0);
    let (mut seen, mut last) = (Vec::new(), 0);
    for _ in 0..400 {
        let kind = [Kind::Progress, Kind::Progress, Kind::Line, Kind::Passing][random(4) as usize];
        source.push(kind);
        match kind {
            Kind::Progress => latest_progress = source.seq,
            Kind::Line => lines.push(source.seq),
            _ => {}
        }
        if random(9) == 0 {
            let pace = Pace {
                messages: 1 + random(6) as usize,
                max_unread_messages: 2 + random(30) as usize,
                max_unread_bytes: 100 + random(900) as usize,
                ..PACE
            };
            source.ring.read(&mut reader, pace, |text| {
                let (covers, seq) = span_of(&text);
                if seq > 0 {
                    check_step(seed, &lines, last, covers, seq);
                    (last, _) = (seq, seen.push(seq));
                }
            });
        }
        if random(20) == 0 {
            let (resumed, whole) = source.ring.reader_after(1, last, source.seq);
            let is_there = |line: &&u64| source.ring.records.iter().any(|record| record.seq == **line);
            let all_there = lines.iter().filter(|line| **line > last).all(|line| is_there(&line));
            assert_eq!(whole, all_there, "seed {seed}");
            reader = resumed;
        }
    }
    for (covers, seq) in source.read(&mut reader, PACE).into_iter().filter(|(_, seq)| *seq > 0) {
        check_step(seed, &lines, last, covers, seq);
        last = seq;
        seen.push(seq);
    }
    assert!(latest_progress == 0 || seen.contains(&latest_progress), "seed {seed}: the latest progress is handed over");
    assert_eq!(last, source.seq, "seed {seed}: the newest message is handed over");
}

/// From `last` to a message that stands for `covers..=seq`.
fn check_step(seed: u64, lines: &[u64], last: u64, covers: u64, seq: u64) {
    assert!(seq > last, "seed {seed}: {seq} after {last}");
    let hidden = lines.iter().find(|line| (covers.max(last + 1)..seq).contains(line));
    assert_eq!(hidden, None, "seed {seed}: a covered line");
    if covers > last + 1 {
        assert!(lines.iter().any(|line| (last + 1..covers).contains(line)), "seed {seed}: a false gap before {covers}");
    }
}

/// P-LIM-6
#[test]
fn older_messages_give_way_by_class_and_only_where_there_are_enough() {
    let mut source = Source::new(1_000, 1 << 20);
    source.push_all(&[OUTCOME, Kind::Progress, Kind::Progress, Kind::Line, Kind::Status, Kind::Line]);
    let held = source.ring.bytes() as usize;
    let each = held / 6;
    assert!(!source.ring.give_way(held - 2 * each + 1), "the outcome and the latest progress stay");
    assert_eq!(source.ring.bytes() as usize, held, "and then nothing goes");
    assert!(source.ring.give_way(1));
    assert_eq!(source.fresh(), [(1, 1), (2, 3), (5, 5), (6, 6)], "a quarter of all, superseded progress first");
    assert!(source.ring.give_way(2 * each));
    assert_eq!(source.fresh(), [(1, 1), (2, 3)], "the newest too, for another is to come");
    source.push(Kind::Line);
    assert_eq!(source.fresh(), [(1, 1), (2, 3), (7, 7)]);
}
