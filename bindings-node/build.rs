//! Links the addon as Node loads it: never unloaded, its symbols found when it is.

fn main() {
    napi_build::setup();
}
