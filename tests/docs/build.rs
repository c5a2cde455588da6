//! Makes a test of every block of Rust in README.md, docs/ and the READMEs of the crates: what stands in it, inside an
//! async function that has a client. Blocks that begin with `rust,no_run` are compiled only.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The address that documents give. In the tests it is that of a hub of their own.
const ADDRESS: &str = "\"ws://127.0.0.1:8080/ws\"";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    println!("cargo::rerun-if-changed={}", root.join("docs").display());
    let mut documents = vec![root.join("README.md"), root.join("core/README.md"), root.join("hub/README.md")];
    let listed = fs::read_dir(root.join("docs")).expect("docs/ is there");
    let mut guides: Vec<PathBuf> = listed.map(|entry| entry.expect("it can be read").path()).collect();
    guides.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    guides.sort();
    documents.extend(guides);

    let mut out = String::new();
    for document in documents {
        println!("cargo::rerun-if-changed={}", document.display());
        let text = fs::read_to_string(&document).expect("a document");
        let path = document.strip_prefix(&root).expect("it is below the root").display().to_string();
        for block in blocks(&text) {
            write_test(&mut out, &path, &block);
        }
    }
    let file = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("blocks.rs");
    fs::write(file, out).expect("it can be written");
}

/// One fenced block.
struct Block {
    line: usize,
    is_run: bool,
    code: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some("rust")) => open = Some(Block { line: index + 1, is_run: true, code: String::new() }),
            (None, Some("rust,no_run")) => open = Some(Block { line: index + 1, is_run: false, code: String::new() }),
            (Some(_), Some(_)) => found.extend(open.take()),
            // What rustdoc would hide.
            (Some(block), None) => {
                block.code.push_str(line.strip_prefix("# ").unwrap_or(line));
                block.code.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

fn write_test(out: &mut String, path: &str, block: &Block) {
    let words: String = path.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let name = format!("{}_line_{}", words.trim_end_matches("_md"), block.line);
    let code = block.code.replace(ADDRESS, "url.as_str()");
    let tasks = followed(&block.code);
    writeln!(
        out,
        "#[test]\nfn {name}() {{\n    async fn block(url: String) -> Result<(), Box<dyn Error>> {{\n        \
         let config = Config::new(url.as_str());\n        let client = Client::new(config.clone())?;\n{code};\n        \
         Ok(())\n    }}\n    \
         play(\"{path}, line {}\", {}, &{tasks:?}, block);\n}}",
        block.line, block.is_run
    )
    .expect("a string takes it");
}

/// The tasks that a block follows and does not report itself: somebody else must.
fn followed(code: &str) -> Vec<&str> {
    let named = |call: &str| -> Vec<&str> {
        let ends = code.match_indices(call).map(|(at, _)| &code[at + call.len()..]);
        ends.filter_map(|rest| rest.split('"').next()).collect()
    };
    let reported = named("report(\"");
    let mut tasks = [named("follow(\""), named("wait(\"")].concat();
    tasks.retain(|task| !reported.contains(task));
    tasks.sort_unstable();
    tasks.dedup();
    tasks
}
