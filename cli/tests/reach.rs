//! The program against servers behind TLS and secrets.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod common;

use common::{NOWHERE, Reading, certificate, output, steadywire, text};

/// A server that ends with the test, however that ends.
struct Serving(Reading);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.child.kill();
        let _ = self.0.child.wait();
    }
}

#[test]
fn a_task_is_sent_and_watched_over_wss_with_a_token_command() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let serve =
        ["serve", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key, "--token", "open sesame"];
    let mut serve = Serving(Reading::start(steadywire(&serve)));
    let line = serve.0.line();
    let url = line.strip_prefix("listening on ").expect(&line);
    let reach = |words: &[&'static str]| -> Vec<String> {
        let all = words.iter().copied().chain(["--url", url, "--ca", certificate, "--no-proxy"]);
        all.map(str::to_owned).collect()
    };
    let run = |words: Vec<String>| output(&words.iter().map(String::as_str).collect::<Vec<_>>());

    let sent = run(reach(&["send", "t", "--complete", "{\"n\":1}", "--token-command", "echo open sesame"]));
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
    let watched = run(reach(&["watch", "t", "--json", "--token", "open sesame"]));
    assert_eq!(watched.status.code(), Some(0), "{}", text(&watched.stderr));
    assert!(text(&watched.stdout).contains("\"n\":1"), "{}", text(&watched.stdout));

    // Refused for good: no certificate that is trusted, no secret that is taken.
    let stranger = output(&["watch", "t", "--url", url, "--token", "open sesame", "--no-proxy"]);
    assert_eq!(stranger.status.code(), Some(3));
    assert!(text(&stranger.stderr).contains("authority that is not trusted here"), "{stranger:?}");
    let trusting = output(&["watch", "t", "--url", url, "--token", "open sesame", "--insecure-skip-verify"]);
    assert_eq!(trusting.status.code(), Some(0), "{trusting:?}");
    let refused = run(reach(&["watch", "t", "--token-command", "echo wrong"]));
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(text(&refused.stderr).contains("HTTP status 401"), "{refused:?}");
}

#[test]
fn what_cannot_be_used_is_wrong_usage() {
    for words in [
        &["watch", "t", "--ca", "/nowhere/ca.pem"][..],
        &["watch", "t", "--proxy", "ftp://proxy"],
        &["send", "t", "--complete", "--cert", "/nowhere/cert.pem"],
        &["run", "--task", "t", "--ca", "/nowhere/ca.pem", "--", "true"],
    ] {
        let out = output(&[&words[..1], &["--url", NOWHERE], &words[1..]].concat());
        assert_eq!(out.status.code(), Some(2), "{words:?}: {}", text(&out.stderr));
        assert_eq!(out.stdout.len(), 0, "{words:?}");
    }
}
