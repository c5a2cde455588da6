# Every block of C and C++ in docs/c.md is compiled: whole programs as they are, the others inside a function with the
# names that fragment.* gives them.
rm -rf docs
mkdir docs
awk -v out=docs '
    /^```(c|cpp)$/ { language = substr($0, 4); count++; file = out "/block-" count "." language; next }
    /^```/ { language = ""; next }
    language != "" { print > file }
' "$root/docs/c.md"
for block in docs/block-*; do
    language=${block##*.}
    if ! grep -q '^int main' "$block"; then
        # Includes stay outside the function.
        { grep '^#include' "$block" || true; sed "/@BLOCK@/,\$d" "$here/fragment.$language"
          grep -v '^#include' "$block"; sed "1,/@BLOCK@/d" "$here/fragment.$language"; } >docs/whole.$language
        cp docs/whole.$language "$block"
    fi
    if [ "$language" = c ]; then
        for compiler in $(c_compilers); do
            # shellcheck disable=SC2046,SC2086 # flags
            "$compiler" -std=c99 -D_POSIX_C_SOURCE=200809L $warnings -c -o docs/block.o $(pkg-config --cflags steadywire) "$block"
        done
    else
        for compiler in $(cxx_compilers); do
            # shellcheck disable=SC2046,SC2086 # flags
            "$compiler" -std=c++17 $warnings -c -o docs/block.o $(pkg-config --cflags steadywire) "$block"
        done
    fi
done
[ -f docs/block-5.c ] || [ -f docs/block-5.cpp ] || fail "docs/c.md has hardly any examples"
