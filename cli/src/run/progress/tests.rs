use super::*;

/// Percent rounded to a tenth, and the stage.
fn found(line: &str) -> Option<(f64, String)> {
    find(line).map(|found| ((found.percent * 10.0).round() / 10.0, found.stage))
}

#[track_caller]
fn is(line: &str, percent: f64, stage: &str) {
    assert_eq!(found(line), Some((percent, stage.to_owned())), "{line:?}");
}

#[track_caller]
fn none(lines: &[&str]) {
    for line in lines {
        assert_eq!(found(line), None, "{line:?}");
    }
}

#[test]
fn cargo() {
    is("    Building [=====>                 ] 12/80: foo, bar(build)", 15.0, "Building");
    is("    Building [                       ] 0/12: libc", 0.0, "Building");
    is("    Building [=>                     ] 3/4: syn", 75.0, "Building");
    is("    Building [======================>] 412/413: app(bin)", 99.8, "Building");
    is("    Fetch [======>                 ] 23.81%, 1.20MiB/s", 23.8, "Fetch");
    none(&[
        "   Compiling serde v1.0.229",
        "    Finished `dev` profile [unoptimized + debuginfo] target(s) in 12.80s",
        "  Downloaded 12 crates (3.4 MB) in 0.80s",
        "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 80 filtered out; finished in 0.01s",
        "     Running unittests src/lib.rs (target/debug/deps/foo-1280abcdef)",
    ]);
}

#[test]
fn pip() {
    is("   ━━━━━━━━━━━━━━━━━━━━╸━━━━━━━━━━━━━━━━━━━ 12.3/24.6 MB 9.8 MB/s eta 0:00:02", 50.0, "");
    is("   ━━━━━━━━━━━━━━━━ 512.0/1,024.0 kB 9.8 MB/s eta 0:00:02", 50.0, "");
    is("   ━━━━━━━━━━━━━━━━╺━━━━━━━━━━━━━━━━━━━━━━━  3/12 [numpy]", 25.0, "");
    is("     |████████████                    | 38% 4.2 MB 1.2 MB/s eta 0:00:06", 38.0, "");
    none(&[
        "Collecting numpy==2.3.4",
        "  Downloading numpy-2.3.4-cp311-cp311-manylinux_2_27_x86_64.whl (16.9 MB)",
        "Requirement already satisfied: pip in /usr/lib/python3/12/80 (23.0.1)",
        "Successfully installed numpy-2.3.4",
    ]);
}

#[test]
fn curl_and_wget() {
    is(" 42  100M   42 42.0M    0     0  10.0M      0  0:00:10  0:00:04  0:00:06 10.5M", 42.0, "");
    is("100  1256  100  1256    0     0   9127      0 --:--:-- --:--:-- --:--:--  9168", 100.0, "");
    is("  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0", 0.0, "");
    is("########################                                  42.1%", 42.1, "");
    is("foo.tar.gz           42%[=======>            ]  42.00M  10.5MB/s    eta 6s", 42.0, "foo.tar.gz");
    is("     50K .......... .......... .......... .......... ..........  5% 3.04M 1s", 5.0, "");
    none(&[
        "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current",
        "                                 Dload  Upload   Total   Spent    Left  Speed",
        "Length: 104857600 (100M) [application/octet-stream]",
        "2026-11-23 12:03:04 (10.5 MB/s) - 'foo.tar.gz' saved [104857600/104857600]",
        "HTTP request sent, awaiting response... 200 OK",
        "1 2 3 4 5 6 7 8 9 10 11 12",
    ]);
}

#[test]
fn node_package_managers() {
    is("[1/4] Resolving packages...", 25.0, "");
    is("[3/4] Linking dependencies...", 75.0, "");
    is("[##################] 128/512", 25.0, "");
    none(&[
        "added 12 packages, and audited 80 packages in 2s",
        "npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported",
        "npm http fetch GET 200 https://example.org/a%2fb/12/80 80ms",
        "Progress: resolved 412, reused 380, downloaded 32, added 12",
        "found 0 vulnerabilities",
    ]);
}

#[test]
fn pytest() {
    is("tests/test_a.py ....F..s                                              [ 42%]", 42.0, "tests/test_a.py");
    is(
        "tests/test_a.py::test_x[1/2] PASSED                                   [  7%]",
        7.0,
        "tests/test_a.py::test_x[1/2] PASSED",
    );
    is(
        "tests/test_b.py::test_date PASSED                                     [100%]",
        100.0,
        "tests/test_b.py::test_date PASSED",
    );
    is("....................................................................... [ 12%]", 12.0, "");
    none(&[
        "========================= 12 passed, 3 failed in 80.12s =========================",
        "collected 80 items / 12 deselected",
    ]);
}

#[test]
fn rsync() {
    is("      1,234,567  42%   12.34MB/s    0:00:05", 42.0, "");
    is("    104,857,600 100%   99.01MB/s    0:00:01 (xfr#5, to-chk=75/80)", 100.0, "");
    none(&[
        "(xfr#5, to-chk=75/80)",
        "sent 1,234 bytes  received 80 bytes  2,628.00 bytes/sec",
        "total size is 1,234  speedup is 0.94",
    ]);
}

#[test]
fn tqdm() {
    is(" 42%|████████▍           | 42/100 [00:05<00:07,  7.93it/s]", 42.0, "");
    is("Epoch 1:  25%|██▌       | 3/12 [00:05<00:07,  7.93it/s, loss=0.12]", 25.0, "Epoch 1");
    is("train:  42.5%|####2     | 17/40 [00:05<00:07,  3.2s/it]", 42.5, "train");
    none(&["3it [00:01,  2.99it/s]"]);
}

#[test]
fn docker() {
    is("a1b2c3d4e5f6: Downloading [=====>                    ]  12.3MB/24.6MB", 50.0, "Downloading");
    is("Step 3/10 : RUN apt-get update", 30.0, "Step");
    is("#5 [2/4] RUN apt-get update", 50.0, "");
    is("#9 [stage-1 2/4] COPY . .", 50.0, "stage-1");
    is("[+] Building 12.3s (5/8)", 62.5, "Building");
    none(&[
        "a1b2c3d4e5f6: Pull complete",
        "Digest: sha256:128012801280",
        "Status: Downloaded newer image for debian:12.8",
        "#5 sha256:aa 12.3MB / 24.6MB 1.2s",
    ]);
}

#[test]
fn apt() {
    is("Progress: [ 42%] [########............] ", 42.0, "Progress");
    is("Reading package lists... 42%", 42.0, "Reading package lists");
    is("(Reading database ... 55%", 55.0, "Reading database");
    is("10% [1 Packages 1,024 kB/5,120 kB 20%]", 10.0, "");
    none(&[
        "Need to get 12.3 MB/45.6 MB of archives.",
        "Get:12 http://deb.example/debian stable/main amd64 foo amd64 1.2-3 [80 kB]",
        "Unpacking libfoo1:amd64 (1:2.12-3/80) ...",
        "After this operation, 12.8 MB of additional disk space will be used.",
        "Setting up tzdata (2026b-0+deb12u1) ...",
    ]);
}

#[test]
fn ninja_make_git_and_others() {
    is("[12/80] Building CXX object src/CMakeFiles/foo.dir/bar.cc.o", 15.0, "");
    is("[11/23] Linking CXX executable app", 47.8, "");
    is("[ 42%] Building C object CMakeFiles/foo.dir/main.c.o", 42.0, "");
    is("[100%] Built target foo", 100.0, "");
    is("Receiving objects:  42% (336/800), 12.00 MiB | 4.00 MiB/s", 42.0, "Receiving objects");
    is("Resolving deltas: 100% (12/12), done.", 100.0, "Resolving deltas");
    is("[download]  42.0% of   10.00MiB at    1.20MiB/s ETA 00:05", 42.0, "download");
    is("tests passed 3/4", 75.0, "tests passed");
    is("3/4 tests passed", 75.0, "");
    is("epoch=3/10 loss=0.2", 30.0, "epoch");
    is("Progress:12/80", 15.0, "Progress");
    is("training 42,5 % done", 42.5, "training");
    is("copied 40 / 80", 50.0, "copied");
    is("2026-11-23 12:03:04 INFO migrate 42%", 42.0, "migrate");
    is("20 of 80 files, 25%", 25.0, "of 80 files");
}

#[test]
fn dates_are_no_progress() {
    none(&[
        "2026/11/23 starting",
        "11/23 starting",
        "11/23/26 starting",
        "Mon 11/23 starting step",
        "11/23 12:03:04 tests starting",
        "[11/23 12:03] tests starting",
        "[2026/11/23] tests",
        "released on 3/4, all tests done",
        "card expires 11/2026",
        "23/11 starting",
        "3/4",
        "1/2 cup of sugar",
    ]);
    is("12/80", 15.0, "");
}

#[test]
fn paths_urls_versions_and_addresses_are_no_progress() {
    none(&[
        "/usr/12/80",
        "src/12/80.rs",
        "see 12/80/index.html",
        "12/80.txt",
        "12/80-foo",
        "https://example.org/12/80",
        "https://example.org/a%20b?x=5%2F6",
        "10.0.0.0/16 via 10.0.0.1",
        "fe80::1/64 dev eth0",
        "inet6 ::1/128 scope host",
        "v12/80",
        "version 1.12/80",
        "HTTP/1.1 200",
        "python 3.11/3.12",
        "C:\\12/80",
        "12.8.0%",
        "linux/amd64",
        "2/1 is no part of a whole",
        "0/0",
        "80/12 items",
        "abc123%",
        "%5d of 80%s",
        "10 % 3 = 1",
        "a -5% change",
        "between 10-20% of them",
        ">80% full",
    ]);
}

#[test]
fn other_percentages() {
    none(&[
        "150%",
        "1000% sure",
        "80 packets, 0% packet loss",
        "12% faster than before",
        "Coverage 85% covered",
        "101% of it",
    ]);
    is("100% CPU", 100.0, "");
    is("150% then 42%", 42.0, "then");
    is("0%", 0.0, "");
    is("progress=7%", 7.0, "progress");
    is("(42%)", 42.0, "");
    is("~50% there", 50.0, "");
}

#[test]
fn what_stands_behind_is_the_message() {
    for (line, message) in [
        ("    Building [=====>       ] 12/80: foo, bar(build)", "foo, bar(build)"),
        ("foo.tar.gz      42%[=======>      ]  42.00M  10.5MB/s    eta 6s", "42.00M  10.5MB/s    eta 6s"),
        (" 42%|████▍     | 42/100 [00:05<00:07,  7.93it/s]", "42/100 [00:05<00:07,  7.93it/s]"),
        ("   ━━━━╸━━━━ 12.3/24.6 MB 9.8 MB/s eta 0:00:02", "9.8 MB/s eta 0:00:02"),
        ("Receiving objects:  42% (336/800), 12.00 MiB", "(336/800), 12.00 MiB"),
        ("[12/80] Building CXX object bar.cc.o", "Building CXX object bar.cc.o"),
        ("tests/test_a.py ....F                        [ 42%]", ""),
    ] {
        assert_eq!(find(line).unwrap().message, message, "{line:?}");
    }
}

#[test]
fn a_long_stage_is_left_out() {
    let words = "word ".repeat(20);
    is(&format!("{words} 42%"), 42.0, "");
    assert_eq!(find("日本語の処理 42%").map(|found| found.stage).as_deref(), Some("日本語の処理"));
}

#[test]
fn no_text_breaks_it() {
    let pieces = ["1", "2/", "/3", "%", " ", ".", ",", "ä", "[", "]", "█", ":", "-", "kB", "99", "=", "(", "step"];
    let mut seed = 7_u32;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..9 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
        }
        if let Some(found) = find(&text) {
            assert!((0.0..=100.0).contains(&found.percent), "{text:?} gave {found:?}");
            assert!(found.stage.chars().count() <= MAX_STAGE_CHARS, "{text:?}");
        }
    }
}
