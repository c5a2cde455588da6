#!/bin/sh
# Puts the built C library where programs find it. `make install` calls it; what it needs is in the environment:
#   BUILT          the directory of libsteadywire_c.so and libsteadywire_c.a
#   NATIVE_LIBS    the file in which rustc wrote what the archive needs of the system
#   PREFIX, DESTDIR, LIBDIR (relative to PREFIX)
#   LD, NM, OBJCOPY, STRIP, AR, CC   other tools than the system's, as for a cross build
set -eu

: "${BUILT:?}" "${NATIVE_LIBS:?}" "${PREFIX:?}"
: "${DESTDIR=}" "${LIBDIR:=lib}"
: "${LD:=ld}" "${NM:=nm}" "${OBJCOPY:=objcopy}" "${STRIP:=strip}" "${AR:=ar}"

fail() {
    echo "install: $1" >&2
    exit 1
}

case $PREFIX in /*) ;; *) fail "PREFIX must be an absolute path; it is '$PREFIX'" ;; esac
case $LIBDIR in /* | *..*) fail "LIBDIR is a path below PREFIX, such as lib64; it is '$LIBDIR'" ;; esac
[ "$(uname -s)" = Linux ] || fail "only Linux has an installation so far"

here=$(dirname "$0")
root=$here/../..
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
abi=$(sed -n 's/^#define STEADYWIRE_ABI_VERSION \([0-9]*\)$/\1/p' "$root/include/steadywire.h")
[ -n "$version" ] && [ -n "$abi" ] || fail "no version in Cargo.toml or in steadywire.h"

shared=$BUILT/libsteadywire_c.so
"${OBJDUMP:-objdump}" -p "$shared" | grep -q "SONAME *libsteadywire\.so\.$abi\$" ||
    fail "the soname of $shared does not end with the ABI version of the header, $abi"

lib=$DESTDIR$PREFIX/$LIBDIR
include=$DESTDIR$PREFIX/include
mkdir -p "$lib/pkgconfig" "$lib/cmake/steadywire" "$include/steadywire"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The archive: one object in which only the interface is global, so that a second Rust library in the same program, with
# its own copies of the standard library's symbols, is no conflict. Groups are dissolved, as their members are local now;
# what the interface does not reach is left out, also the weak references of it, which ld leaves behind as strong ones;
# LLVM's bitcode of the standard library goes, it confuses other linkers.
symbols=$work/symbols
"$NM" -D --defined-only "$shared" | sed -n 's/^.* T \(steadywire_.*\)$/\1/p' | LC_ALL=C sort >"$symbols"
[ -s "$symbols" ] || fail "$shared exports nothing"
# shellcheck disable=SC2046 # one argument for each symbol
"$LD" -r --gc-sections --strip-debug --force-group-allocation $(sed 's/^/-u /' "$symbols") \
    -o "$work/all.o" "$BUILT/libsteadywire_c.a"
"$OBJCOPY" --strip-unneeded --remove-section=.llvmbc --remove-section=.llvmcmd --keep-global-symbols="$symbols" \
    "$work/all.o" "$work/steadywire.o"
rm -f "$work/libsteadywire.a"
"$AR" rcsD "$work/libsteadywire.a" "$work/steadywire.o"
install -m 644 "$work/libsteadywire.a" "$lib/libsteadywire.a"

"$STRIP" --strip-unneeded -o "$work/libsteadywire.so" "$shared"
install -m 755 "$work/libsteadywire.so" "$lib/libsteadywire.so.$version"
ln -sf "libsteadywire.so.$version" "$lib/libsteadywire.so.$abi"
ln -sf "libsteadywire.so.$abi" "$lib/libsteadywire.so"

install -m 644 "$root/include/steadywire.h" "$root/include/steadywire.hpp" "$include"
install -m 644 "$root"/include/steadywire/*.hpp "$include/steadywire"

# From <prefix>/<libdir>/pkgconfig, and one more from <libdir>/cmake/steadywire, up to <prefix>.
up=..
rest=$LIBDIR
while [ "$rest" != . ]; do
    up=$up/..
    rest=$(dirname "$rest")
done
system_libs=$(tr -d '\n' <"$NATIVE_LIBS")
cmake_libs=$(echo "$system_libs" | sed 's/-l//g; s/  */;/g')
# An ELF file's class byte: 1 is 32 bits, 2 is 64.
pointer_size=$(($(od -An -tu1 -j4 -N1 "$shared") * 4))

fill() {
    sed -e "s|@VERSION@|$version|g" -e "s|@ABI@|$abi|g" -e "s|@LIBDIR@|$LIBDIR|g" -e "s|@UP@|$up|g" \
        -e "s|@SYSTEM_LIBS@|$system_libs|g" -e "s|@CMAKE_SYSTEM_LIBS@|$cmake_libs|g" \
        -e "s|@POINTER_SIZE@|$pointer_size|g" "$here/$1.in" >"$work/$1"
    install -m 644 "$work/$1" "$2/$1"
}
fill steadywire.pc "$lib/pkgconfig"
fill steadywire-static.pc "$lib/pkgconfig"
fill steadywireConfig.cmake "$lib/cmake/steadywire"
fill steadywireConfigVersion.cmake "$lib/cmake/steadywire"
echo "Steadywire $version is in $DESTDIR$PREFIX"
