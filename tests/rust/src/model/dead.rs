//! Servers that never serve.

use steadywire::session::{Failure, Input, LeaseKind, Now, Output, Session};
use steadywire::{Config, ErrorKind};

/// How a server does not serve.
#[derive(Clone, Copy, Debug)]
pub enum Server {
    /// Takes no connection.
    Refuses,
    /// Answers 503.
    Unavailable,
    /// Answers 429.
    Busy,
    /// Takes the connection and says nothing.
    NeverAnswers,
    /// Opens and closes with 1000.
    OpensAndCloses,
    /// Opens and the link breaks.
    OpensAndEnds,
    /// Opens, says hello, and the link breaks.
    OpensAndSpeaksAndEnds,
    /// Opens and says nothing.
    OpensAndIsSilent,
}

impl Server {
    /// One of them, counted round.
    pub fn dead(number: u8) -> Self {
        const ALL: [Server; 8] = [
            Server::Refuses,
            Server::Unavailable,
            Server::Busy,
            Server::NeverAnswers,
            Server::OpensAndCloses,
            Server::OpensAndEnds,
            Server::OpensAndSpeaksAndEnds,
            Server::OpensAndIsSilent,
        ];
        ALL[usize::from(number) % ALL.len()]
    }
}

/// How often a client that follows a task dials such servers, one after the other, in 1000 s.
///
/// # Panics
/// If the client gives up or spins.
pub fn dials_in_1000_s(config: Config, seed: u32, servers: &[Server]) -> usize {
    let mut session = Session::new(config, seed, [0; 12]).expect("the options are valid");
    let mut dials = 0;
    let mut now = Now { mono_ms: 0, wall_ms: 0 };
    let lease = Input::Lease { lease: 1, task: "t", kind: LeaseKind::Wait };
    session.handle_input(now, lease).expect("a lease is taken");
    for _ in 0..100_000 {
        while let Some(output) = session.poll_output() {
            if let Output::Dial { generation } = output {
                meets(&mut session, now, generation, servers[dials % servers.len()]);
                dials += 1;
            }
        }
        session.batch().clear();
        while session.poll_transmit(now).is_some() {}
        let deadline = session.next_deadline().expect("a client that follows a task goes on");
        if deadline > 1_000_000 {
            return dials;
        }
        now.mono_ms = now.mono_ms.max(deadline);
        session.handle_input(now, Input::Timeout).expect("a timeout is never refused");
    }
    panic!("the session spins at {now:?}");
}

fn meets(session: &mut Session, now: Now, generation: u32, server: Server) {
    let failure = |kind, http_status| Failure { kind, message: "m", http_status, retry_after_ms: None, fatal: false };
    let closed = |code| Input::Closed { generation, code: Some(code), reason: "" };
    let opened = Input::Opened { generation };
    let text = "{\"type\":\"status\",\"data\":{\"action\":\"hello\"}}";
    let inputs = match server {
        Server::Refuses => vec![Input::DialFailed { generation, failure: failure(ErrorKind::ConnectFailed, None) }],
        Server::Unavailable => {
            vec![Input::DialFailed { generation, failure: failure(ErrorKind::HandshakeFailed, Some(503)) }]
        }
        Server::Busy => vec![Input::DialFailed { generation, failure: failure(ErrorKind::HandshakeFailed, Some(429)) }],
        Server::NeverAnswers => vec![],
        Server::OpensAndCloses => vec![opened, closed(1000)],
        Server::OpensAndEnds => vec![opened, closed(1006)],
        Server::OpensAndSpeaksAndEnds => vec![opened, Input::Text { generation, text }, closed(1006)],
        Server::OpensAndIsSilent => vec![opened],
    };
    for input in inputs {
        session.handle_input(now, input).expect("only calls are refused");
    }
}
