# The headers alone, in every dialect that they promise, with and without RTTI. Without exceptions they must say so.
echo '#include <steadywire.h>' >header.c
printf '%s\n' '#include <steadywire.hpp>' '#include <steadywire.hpp>' 'int main() {}' >header.cpp
for compiler in $(c_compilers); do
    for standard in c99 c11 c17; do
        # shellcheck disable=SC2046,SC2086 # flags
        "$compiler" -std=$standard $warnings -fsyntax-only $(pkg-config --cflags steadywire) header.c
    done
done
for compiler in $(cxx_compilers); do
    for standard in c++17 c++20 c++23; do
        for rtti in -frtti -fno-rtti; do
            # Older compilers call their newest dialect by another name.
            echo | "$compiler" -std=$standard -x c++ -fsyntax-only - 2>/dev/null || continue
            # shellcheck disable=SC2046,SC2086 # flags
            "$compiler" -std=$standard $rtti $warnings -fsyntax-only $(pkg-config --cflags steadywire) header.cpp
        done
    done
    # shellcheck disable=SC2046 # flags
    if "$compiler" -std=c++17 -fno-exceptions -fsyntax-only $(pkg-config --cflags steadywire) header.cpp 2>header.log; then
        fail "steadywire.hpp was taken without exceptions"
    fi
    grep -q 'needs exceptions' header.log || fail "steadywire.hpp does not say that it needs exceptions"
    # Each part can be included by itself.
    for part in "$stage"/include/steadywire/*.hpp; do
        echo "#include <steadywire/$(basename "$part")>" >part.cpp
        # shellcheck disable=SC2046,SC2086 # flags
        "$compiler" -std=c++17 $warnings -fsyntax-only $(pkg-config --cflags steadywire) part.cpp
    done
done
