//! The client as the commands use it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadywire::{Client, Config, Event, EventKind, Level, Limit};

use crate::args::{ClientArgs, LevelArg};
use crate::text::clean;

/// The configuration the command line asks for. The terminal program never gives up by itself.
pub(crate) fn config(args: &ClientArgs) -> Config {
    let link = &args.link;
    let mut config =
        Config::new(&args.url).max_connect_attempts(Limit::Unlimited).max_reconnect_attempts(Limit::Unlimited);
    if let Some(token) = &args.token {
        config = config.token(token);
    }
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
    config
}

/// Makes a client that does not connect yet.
pub(crate) fn client(args: &ClientArgs) -> Result<Client, steadywire::Error> {
    Client::new(config(args))
}

/// Longest time for a polite end.
pub(crate) const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// Ends the client politely, so that the hub need not find out by itself that we are gone.
pub(crate) fn close(client: &Client, patience: Duration) {
    // Nobody waits for anything any more; the system closes what is left.
    drop(client.disconnect().wait_timeout(patience.min(CLOSE_PATIENCE)));
}

/// The last reason why the hub does not want us.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal(Arc<Mutex<Option<String>>>);

impl Refusal {
    /// Remembers it from now on, for when there is something to explain.
    pub(crate) fn of(client: &Client) -> Self {
        let refusal = Self::default();
        let remembered = refusal.clone();
        client.on(EventKind::Error, move |event| {
            if let Event::Error(error) = event
                && error.task_id.is_none()
                && error.fatal
            {
                *remembered.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(clean(&error.message).into_owned());
            }
        });
        refusal
    }

    /// The reason, safe to print.
    pub(crate) fn text(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The URL without user, password and query: what may be shown.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "the hub".into() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
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
        let config = config(&watch.client);
        assert_eq!((config.url.as_str(), config.token.as_deref()), ("ws://h/ws", Some("s")));
        assert_eq!((config.reconnect_interval, config.max_reconnect_backoff), (50, 2000));
        assert_eq!((config.reconnect_backoff_multiplier, config.heartbeat_interval), (2.0, 0));
        assert_eq!(config.max_connect_attempts, Some(Limit::Unlimited));
    }

    #[test]
    fn secrets_in_a_url_are_not_shown() {
        assert_eq!(shown("wss://me:secret@host:1/ws?token=x#y"), "wss://host:1/ws");
        assert_eq!(shown("nonsense"), "the hub");
    }
}
