//! The blocks of Rust in the documents. `build.rs` makes a test of each, in `tests/blocks.rs`.
