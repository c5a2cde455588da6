# Every example is built as its first comment says, and the three of a language work together: two follow what the third
# reports.
# The line that the first comment tells people to use, in the directory of the example.
build_line() {
    sed -n 's/^[ /*]* \(\(cc\|c++\) .*\)$/\1/p' "$1" | head -n 1
}

for language in c cpp; do
    for example in follow poll worker; do
        source=$root/examples/$language/$example.$language
        [ "$(wc -l <"$source")" -lt 100 ] || fail "$source is too long for an example"
        line=$(build_line "$source")
        case $line in *pkg-config*) ;; *) fail "$source does not say how it is built" ;; esac
        cp "$source" .
        eval "$line $warnings"
        mv $example "$example-$language"
        if [ $language = c ]; then
            # shellcheck disable=SC2046,SC2086 # flags
            cc -std=c99 -D_POSIX_C_SOURCE=200809L $warnings -fsyntax-only $(pkg-config --cflags steadywire) "$source"
        fi
    done
    try_examples $language
done
