//! include/steadywire.h is what cbindgen makes of the sources, and both languages take it.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands above everything else.
const HEAD: &str = include_str!("../head.h");

/// The sources, in the order of the header, each with its heading.
const SECTIONS: &[(&str, &[&str])] = &[
    ("The library", &["version.rs"]),
    ("Statuses and errors", &["status.rs", "boundary.rs"]),
    ("Callbacks", &["callback.rs"]),
    ("Options", &["config.rs", "config/texts.rs", "config/numbers.rs", "config/tls.rs"]),
    ("Options: what the program is asked", &["classify.rs", "credentials.rs"]),
    ("Events", &["event.rs", "event/numbers.rs", "event/texts.rs"]),
    ("Clients", &["client.rs", "client/ends.rs", "client/looks.rs"]),
    ("Calls", &["calls.rs"]),
    ("Listeners, and callbacks in the program's own loop", &["listen.rs", "poll.rs"]),
    ("Messages", &["receipt.rs", "message.rs", "message/build.rs"]),
    ("Outcomes", &["outcome.rs"]),
    ("Follows", &["follow.rs"]),
    ("Reporters", &["reporter.rs"]),
    ("Names", &["names.rs"]),
    ("Lines for operators", &["log.rs"]),
];

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    here().join("../include/steadywire.h")
}

/// The header that the sources make: cbindgen's, in the order of the sources.
fn generated() -> String {
    let config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new().with_crate(here()).with_config(config).generate().unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).unwrap();
    let (start, rest) = header.split_once("/**\n").unwrap();
    let (end, items) = (rest.rfind("#ifdef __cplusplus").unwrap(), format!("/**\n{rest}"));
    let (items, end) = items.split_at(end + "/**\n".len());
    let items = items.replace("#ifdef __cplusplus\nextern \"C\" {\n#endif // __cplusplus\n", "");
    let mut items: Vec<Item<'_>> = items.split("\n\n/**").map(Item::new).collect();
    items.sort_by_key(|item| item.place);
    let mut sorted = format!("{start}{HEAD}\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n");
    for item in items.iter().filter(|item| item.is_opaque()) {
        sorted.push_str(&format!("\n{}\n", item.text));
    }
    let (mut section, mut brief) = (usize::MAX, false);
    for item in items.iter().filter(|item| !item.is_opaque()) {
        if item.place.0 != section {
            (section, brief) = (item.place.0, false);
            let heading = SECTIONS[section].0;
            sorted.push_str(&format!("\n/* {heading} {} */\n", "-".repeat(100 - heading.len())));
        }
        let space = if brief && item.is_brief() { "" } else { "\n" };
        brief = item.is_brief();
        sorted.push_str(&format!("{space}{}\n", item.text));
    }
    format!("{sorted}\n{end}")
        .replace("#endif  // __cplusplus\n\n", "#endif\n\n")
        .replace("#endif  // __cplusplus", "#endif")
}

/// One documented item.
struct Item<'a> {
    text: String,
    name: &'a str,
    /// Section, source, offset.
    place: (usize, usize, usize),
}

impl<'a> Item<'a> {
    fn new(text: &'a str) -> Self {
        let code = text.rsplit_once("*/\n").unwrap_or_else(|| panic!("an item has no documentation:\n{text}")).1.trim();
        let name = name_of(code);
        let (documentation, code) = text.trim().trim_start_matches("/**").rsplit_once("*/\n").unwrap();
        let lines: Vec<&str> = documentation.trim().trim_start_matches("* ").lines().map(str::trim_end).collect();
        let documentation = match &*lines {
            [line] => format!("/** {line} */"),
            lines => format!("/**\n * {}\n */", lines.join("\n")),
        };
        let code = code.trim_end().replace(" -1", " (-1)");
        Self { text: format!("{documentation}\n{code}"), name, place: place_of(name) }
    }

    /// A constant that needs no space around it.
    fn is_brief(&self) -> bool {
        self.text.starts_with("/** ") && self.text.contains("\n#define ")
    }

    fn is_opaque(&self) -> bool {
        self.text.ends_with(&format!("typedef struct {0} {0};", self.name))
    }
}

fn name_of(code: &str) -> &str {
    if let Some(constant) = code.strip_prefix("#define ") {
        return constant.split_whitespace().next().unwrap();
    }
    if let Some((_, function)) = code.split_once("(*") {
        return function.split(')').next().unwrap();
    }
    let head = code.split(['(', ';']).next().unwrap();
    head.split([' ', '*']).next_back().unwrap()
}

fn place_of(name: &str) -> (usize, usize, usize) {
    for (section, (_, files)) in SECTIONS.iter().enumerate() {
        for (index, file) in files.iter().enumerate() {
            let source = std::fs::read_to_string(here().join("src").join(file)).unwrap();
            let definitions = [
                format!("pub type {name} "),
                format!("pub struct {name} "),
                format!("pub const {name}:"),
                format!("fn {name}("),
            ];
            if let Some(at) = definitions.iter().find_map(|definition| source.find(definition)) {
                return (section, index, at);
            }
        }
    }
    panic!("`{name}` is in no section of the header: add its source to SECTIONS");
}

#[test]
fn the_committed_header_is_what_the_sources_make() {
    let generated = generated();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(committed(), &generated).unwrap();
    }
    let committed = std::fs::read_to_string(committed()).unwrap();
    assert!(committed == generated, "include/steadywire.h is old; `make bless-c` writes it anew");
}

fn compiles(compiler: &str, flags: &[&str]) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = directory.join(format!("header-{}.c", compiler.replace('+', "p")));
    std::fs::write(&source, "#include <steadywire.h>\n#include <steadywire.h>\nint main(void) { return 0; }\n")
        .unwrap();
    let mut command = Command::new(compiler);
    command.args(flags).args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I"]);
    let output = command.arg(committed().parent().unwrap()).arg(&source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_header_is_c99() {
    compiles("cc", &["-std=c99", "-Wstrict-prototypes", "-Wconversion"]);
}

#[test]
fn the_header_is_cpp17() {
    compiles("c++", &["-x", "c++", "-std=c++17"]);
}
