//! The page that `serve` and `demo` show to browsers.

use steadywire_hub::HubHandle;

/// The dashboard, in one piece.
#[cfg(feature = "dashboard")]
pub(crate) const PAGE: &str =
    include_str!(env!("STEADYWIRE_DASHBOARD", "run `make dashboard`: it builds the page and names it to this build"));

/// What is missing, and how to get it.
#[cfg(not(feature = "dashboard"))]
pub(crate) const PAGE: &str = include_str!("no_dashboard.html");

/// Where it is: the address to open in a browser.
pub(crate) fn address(hub: &HubHandle) -> String {
    let url = hub.url();
    let front = url.strip_suffix("/ws").unwrap_or(&url);
    // `ws` and `wss` become `http` and `https`.
    format!("http{}/", front.strip_prefix("ws").unwrap_or(front))
}
