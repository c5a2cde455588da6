#!/bin/sh
# Tests the C library as it is installed: everything below is built from the installed tree alone, with pkg-config or
# CMake, and run against a hub.
#
#   tests/cpp/run.sh STAGE PROGRAMS    what `make install PREFIX=STAGE` made; the directory of the program steadywire
#   STEP=NAME                          only that step
#   CC, CXX                            one compiler instead of all there are
#   LIB_PROFILE                        the Cargo profile of STAGE
#   CMAKE                              the CMake to use
set -eu

stage=$(cd "$1" && pwd)
programs=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(dirname "$stage")/cpp
mkdir -p "$out"
cd "$out"
export PKG_CONFIG_PATH="$stage/lib/pkgconfig" LD_LIBRARY_PATH="$stage/lib"
# Where the step `moved` puts a copy of the tree.
moved="$out/moved/an other place"
warnings="-Wall -Wextra -Wpedantic -Wshadow -Werror"

. "$here/hub.sh"
command -v pkg-config >/dev/null || fail "pkg-config is missing: the Debian package pkgconf and the PyPI package pkgconf have it"
[ -n "$(c_compilers)" ] && [ -n "$(cxx_compilers)" ] || fail "a compiler is missing: install the Debian package g++"
for step in header complete programs examples docs symbols second-rust moved cmake; do
    if [ "${STEP:-$step}" = "$step" ]; then
        echo "== $step"
        . "$here/steps/$step.sh"
    fi
done
echo "the installed library is good"
