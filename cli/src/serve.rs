//! `steadywire serve`: run a hub until a signal ends it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use steadywire_hub::{Hub, HubBuilder, HubError};

use crate::args::ServeArgs;
use crate::exit::{Exit, fail};
use crate::page;

/// Serves until Ctrl-C or SIGTERM, then closes every connection in good order.
pub(crate) fn serve(args: &ServeArgs) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Lost, format_args!("cannot start: {error}")),
    };
    runtime.block_on(serve_until_told(args))
}

async fn serve_until_told(args: &ServeArgs) -> Exit {
    let mut builder = Hub::builder().listen(&args.listen).page(page::PAGE).max_tasks(args.max_tasks);
    if let Some(token) = &args.token {
        builder = builder.token(token);
    }
    for origin in &args.allow_origin {
        builder = builder.allow_origin(origin);
    }
    for host in &args.allow_host {
        builder = builder.allow_host(host);
    }
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        builder = match with_tls(builder, certificate, key) {
            Ok(builder) => builder,
            Err(problem) => return fail(Exit::Usage, problem),
        };
    }
    // Before it is said that the hub is there: who reads that may end us at once.
    let told = match told_to_stop() {
        Ok(told) => told,
        Err(error) => return fail(Exit::Lost, format_args!("signals cannot be received: {error}")),
    };
    let hub = match builder.start().await {
        Ok(hub) => hub,
        Err(HubError::Option { option: "tls", problem }) => {
            return fail(Exit::Usage, format_args!("--tls-cert, --tls-key: {problem}"));
        }
        Err(error @ HubError::Option { .. }) => return fail(Exit::Usage, error),
        Err(error) => return fail(Exit::Lost, error),
    };
    // Whoever closed our output wants to hear nothing, not to stop the hub.
    let _ = writeln!(io::stdout(), "listening on {}", hub.url());
    let _ = writeln!(io::stdout(), "in a browser: {}", page::address(&hub));
    told.await;
    hub.shutdown().await;
    Exit::Complete
}

fn with_tls(builder: HubBuilder, certificate: &Path, key: &Path) -> Result<HubBuilder, String> {
    let read = |option: &str, path: &Path| {
        let problem = |error| format!("cannot read {}: {error}; {option} takes a file in PEM", path.display());
        fs::read(path).map_err(problem)
    };
    Ok(builder.tls(read("--tls-cert", certificate)?, read("--tls-key", key)?))
}

#[cfg(unix)]
pub(crate) fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        std::future::poll_fn(|cx| {
            if interrupt.poll_recv(cx).is_ready() || terminate.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        })
        .await;
    })
}

#[cfg(not(unix))]
pub(crate) fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // An error means that no signal can ever come; the hub runs until the system ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
