# Both libraries export the interface and nothing else, and the shared one is found by the name it should have.
nm -D --defined-only "$stage/lib/libsteadywire.so" | awk '{ print $NF }' | LC_ALL=C sort >shared.symbols
nm -g --defined-only "$stage/lib/libsteadywire.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort >static.symbols
if grep -v '^steadywire_' shared.symbols static.symbols; then
    fail "a library exports more than the interface"
fi
cmp shared.symbols static.symbols || fail "the shared and the static library differ in what they export"
if [ -f "$root/ffi-c/symbols.txt" ]; then
    diff "$root/ffi-c/symbols.txt" shared.symbols || fail "the library exports other symbols than ffi-c/symbols.txt says"
fi
objdump -p "$stage/lib/libsteadywire.so" >shared.header
grep -q 'SONAME *libsteadywire\.so\.[0-9]*$' shared.header || fail "no soname"
if grep -q 'R\(UN\)\?PATH' shared.header; then
    fail "the shared library has a search path"
fi
# Nothing in the tree knows where it was built or installed.
if grep -rIlF -e "$stage" -e "$root" "$stage"; then
    fail "an installed file names a directory of this machine"
fi
