# Every block of C and C++ in README.md and docs/ is compiled: whole programs as they are, functions behind the includes
# of fragment.*, statements inside the function there, which has a client for those that make none.
rm -rf docs
mkdir docs
awk -v out=docs '
    /^```(c|cpp)$/ { language = substr($0, 4); count++; file = out "/block-" count "." language; next }
    /^```/ { language = ""; next }
    language != "" { print > file }
' "$root/README.md" "$root"/docs/*.md
for block in docs/block-*; do
    language=${block##*.}
    fragment=$here/fragment.$language
    whole=docs/whole-${block#docs/}
    unused=
    if grep -q '^int main' "$block"; then
        cp "$block" "$whole"
    elif grep -q '^static' "$block"; then
        { sed -n '/^$/q;p' "$fragment"; cat "$block"; } >"$whole"
        unused=-Wno-unused-function
    else
        { sed '/@BLOCK@/,$d' "$fragment"; cat "$block"; sed '1,/@BLOCK@/d' "$fragment"; } >"$whole"
        if grep -q '^steadywire::Client client(' "$block"; then
            sed -i.old -e 's/(steadywire::Client& client)/()/' -e '/(void)client/d' "$whole"
            rm "$whole.old"
        fi
    fi
    if [ "$language" = c ]; then
        standard="-std=c99 -D_POSIX_C_SOURCE=200809L"
        compilers=$(c_compilers)
    else
        standard=-std=c++17
        compilers=$(cxx_compilers)
    fi
    for compiler in $compilers; do
        # shellcheck disable=SC2046,SC2086 # flags
        "$compiler" $standard $warnings $unused -c -o docs/block.o $(pkg-config --cflags steadywire) "$whole" ||
            fail "a block of the documents does not compile: $out/$whole"
    done
done
[ "$(find docs -name 'whole-*' | wc -l)" -ge 10 ] || fail "the documents have hardly any examples"
