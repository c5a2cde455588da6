# The archive beside a second Rust static library, whose copies of the standard library's symbols are its own; and alone,
# into an executable that needs no libsteadywire.so.
cc=$(c_compilers | head -n 1)
rustc --edition 2024 --crate-type staticlib -C panic=unwind -o libsecond.a "$here/second.rs"
# shellcheck disable=SC2046,SC2086 # flags
"$cc" -std=c99 $warnings "$here/second.c" -o second-rust libsecond.a $(pkg-config --cflags --libs steadywire-static)
# shellcheck disable=SC2046,SC2086 # flags
"$cc" -std=c99 $warnings "$here/second.c" -o second-rust-other-order \
    $(pkg-config --cflags --libs steadywire-static) libsecond.a $(pkg-config --libs steadywire-static)
for program in second-rust second-rust-other-order; do
    if ldd $program | grep -q libsteadywire; then
        fail "$program was linked with the shared library"
    fi
    (unset LD_LIBRARY_PATH && run ./$program)
done
