//! The client as the commands use it.

use std::time::Duration;

use steadywire::{Client, Config, Error, Level, Limit, State};

use crate::args::{ClientArgs, LevelArg};
use crate::text::clean;

/// The configuration the command line asks for. The terminal program never gives up by itself.
pub(crate) fn config(args: &ClientArgs) -> Result<Config, Error> {
    let link = &args.link;
    let mut config =
        Config::new(&args.url).max_connect_attempts(Limit::Unlimited).max_reconnect_attempts(Limit::Unlimited);
    if let Some(factor) = link.reconnect_backoff_multiplier {
        config = config.reconnect_backoff_multiplier(factor);
    }
    type Setter = fn(Config, u64) -> Config;
    let times: [(Option<Duration>, Setter); 5] = [
        (link.reconnect_interval, Config::reconnect_interval),
        (link.max_reconnect_backoff, Config::max_reconnect_backoff),
        (link.connect_timeout, Config::connect_timeout),
        (link.heartbeat_interval, Config::heartbeat_interval),
        (link.heartbeat_timeout, Config::heartbeat_timeout),
    ];
    for (time, set) in times {
        if let Some(time) = time {
            config = set(config, u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        }
    }
    args.reach.apply(config)
}

/// Makes a client that does not connect yet.
pub(crate) fn client(args: &ClientArgs) -> Result<Client, Error> {
    Client::new(config(args)?)
}

/// Longest time for a polite end.
pub(crate) const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// Ends the client politely, so that the hub need not find out by itself that we are gone.
pub(crate) fn close(client: &Client, patience: Duration) {
    // Nobody waits for anything any more; the system closes what is left.
    drop(client.disconnect().wait_timeout(patience.min(CLOSE_PATIENCE)));
}

/// Why the hub does not want us, safe to print, once the client has stopped for good.
pub(crate) fn refusal(client: &Client) -> Option<String> {
    let stats = (client.state() == State::Error).then(|| client.stats())?;
    let last = stats.get("lastErrors")?.as_array()?.last()?;
    Some(clean(last.get("message")?.as_str()?).into_owned())
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Debug => Self::Debug,
            LevelArg::Info => Self::Info,
            LevelArg::Warn => Self::Warn,
            LevelArg::Error => Self::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    #[test]
    fn options_reach_the_client() {
        let words = "steadywire watch t --url ws://h/ws --token s --reconnect-interval 50 --max-reconnect-backoff 2s \
                     --reconnect-backoff-multiplier 2 --heartbeat-interval 0";
        let Command::Watch(watch) = Cli::parse_from(words.split_whitespace()).command else { panic!() };
        let config = config(&watch.client).unwrap();
        assert_eq!((config.url.as_str(), config.token.as_deref()), ("ws://h/ws", Some("s")));
        assert_eq!((config.reconnect_interval, config.max_reconnect_backoff), (50, 2000));
        assert_eq!((config.reconnect_backoff_multiplier, config.heartbeat_interval), (2.0, 0));
        assert_eq!(config.max_connect_attempts, Some(Limit::Unlimited));
    }
}
