# The tree works from another place, with a blank in its path and another directory for libraries.
rm -rf moved packaged
mkdir moved
cp -R "$stage" "$moved"

cxx=$(cxx_compilers | head -n 1)
flags=$(PKG_CONFIG_PATH="$moved/lib/pkgconfig" pkg-config --cflags --libs steadywire)
eval "$cxx -std=c++17 $warnings '$here/smoke.cpp' -o smoke $flags"
LD_LIBRARY_PATH="$moved/lib" run ./smoke
flags=$(PKG_CONFIG_PATH="$moved/lib/pkgconfig" pkg-config --cflags --libs steadywire-static)
eval "$cxx -std=c++17 $warnings '$here/smoke.cpp' -o smoke-static $flags"
(unset LD_LIBRARY_PATH && run ./smoke-static)

# As a distribution packs it: below DESTDIR, with a directory of its own for libraries.
make -s -C "$root" install "DESTDIR=$out/packaged" PREFIX=/usr LIBDIR=lib/multi-arch >packaged.log 2>&1 ||
    { cat packaged.log >&2; fail "make install with DESTDIR"; }
find packaged -type f -o -type l | sed 's|^packaged/usr/||' | LC_ALL=C sort >packaged.files
sed "s|@VERSION@|$(PKG_CONFIG_PATH=$stage/lib/pkgconfig pkg-config --modversion steadywire)|" "$here/installed.txt" |
    diff - packaged.files || fail "make install puts other files than tests/cpp/installed.txt says"
packed="$out/packaged/usr/lib/multi-arch"
# shellcheck disable=SC2046,SC2086 # flags
"$cxx" -std=c++17 $warnings "$here/smoke.cpp" -o smoke-packed \
    $(PKG_CONFIG_PATH="$packed/pkgconfig" pkg-config --cflags --libs steadywire)
LD_LIBRARY_PATH="$packed" run ./smoke-packed
