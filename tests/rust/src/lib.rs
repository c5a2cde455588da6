//! What the Rust tests share.
