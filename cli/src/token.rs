//! A command that gives the secret.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use steadywire::{Credentials, CredentialsError, CredentialsRequest};

/// How long the command may take. The client does not wait longer for credentials either.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of what the command says of a failure is shown.
const SHOWN: usize = 200;

/// Runs the command in a shell; the first line of its output is the secret.
pub(crate) fn ask(command: &str, request: &CredentialsRequest) -> Result<Credentials, CredentialsError> {
    ask_within(command, request.force_refresh, PATIENCE)
}

fn ask_within(command: &str, force_refresh: bool, patience: Duration) -> Result<Credentials, CredentialsError> {
    let cannot = |why: &dyn std::fmt::Display| CredentialsError::new(format!("--token-command {why}"));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if force_refresh {
        shell.env("STEADYWIRE_FORCE_REFRESH", "1");
    }
    let mut child = shell.spawn().map_err(|error| cannot(&format_args!("cannot be run: {error}")))?;
    let (sender, ended) = mpsc::channel();
    for (is_output, stream) in
        [(true, child.stdout.take().map(Stream::Out)), (false, child.stderr.take().map(Stream::Err))]
    {
        let (sender, Some(stream)) = (sender.clone(), stream) else { continue };
        thread::spawn(move || drop(sender.send((is_output, stream.read()))));
    }
    drop(sender);
    let (mut output, mut complaint) = (String::new(), String::new());
    for _ in 0..2 {
        match ended.recv_timeout(patience) {
            Ok((true, text)) => output = text,
            Ok((false, text)) => complaint = text,
            Err(_) => {
                // It may have ended by now.
                let _ = child.kill();
                let _ = child.wait();
                return Err(cannot(&format_args!("gave nothing within {} s", patience.as_secs())));
            }
        }
    }
    let status = child.wait().map_err(|error| cannot(&format_args!("cannot be awaited: {error}")))?;
    token(status, &output, &complaint).map_err(|why| cannot(&why))
}

fn token(status: ExitStatus, output: &str, complaint: &str) -> Result<Credentials, String> {
    if !status.success() {
        let said: String = complaint.lines().next().unwrap_or_default().chars().take(SHOWN).collect();
        return Err(if said.is_empty() {
            format!("failed with {status}")
        } else {
            format!("failed with {status}: {said}")
        });
    }
    match output.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(Credentials::new().token(token)),
        _ => Err("printed nothing".to_owned()),
    }
}

enum Stream {
    Out(std::process::ChildStdout),
    Err(std::process::ChildStderr),
}

impl Stream {
    /// Everything up to its end, as far as it can be read.
    fn read(self) -> String {
        let mut bytes = Vec::new();
        let _ = match self {
            Self::Out(mut stream) => stream.read_to_end(&mut bytes),
            Self::Err(mut stream) => stream.read_to_end(&mut bytes),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(command: &str) -> Result<Option<String>, String> {
        let answer = ask_within(command, true, PATIENCE);
        answer.map(|credentials| credentials.token).map_err(|error| error.message)
    }

    #[test]
    fn the_first_line_is_the_secret() {
        assert_eq!(given("echo ' abc '; echo more").unwrap().as_deref(), Some("abc"));
        assert_eq!(given("echo $STEADYWIRE_FORCE_REFRESH").unwrap().as_deref(), Some("1"));
        // More than a pipe holds, on both.
        assert_eq!(given("echo abc; seq 100000; seq 100000 >&2").unwrap().as_deref(), Some("abc"));
    }

    #[test]
    fn a_failure_is_told_in_the_words_of_the_command() {
        let failed = given("echo abc; echo 'not logged in' >&2; exit 3").unwrap_err();
        assert!(failed.contains("exit status: 3: not logged in") && !failed.contains("abc"), "{failed}");
        assert!(given("true").unwrap_err().contains("printed nothing"));
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let error = ask_within("exec sleep 100", false, Duration::from_millis(1)).unwrap_err();
        assert!(error.message.contains("gave nothing within"), "{error}");
    }
}
