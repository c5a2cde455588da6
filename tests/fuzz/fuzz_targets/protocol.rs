#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| steadywire_tests::fuzz::protocol(data));
