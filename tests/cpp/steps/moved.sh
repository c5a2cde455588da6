# The tree works from another place, with a blank in its path and another directory for libraries.
rm -rf moved packaged
mkdir moved
cp -R "$stage" "moved/an other place"
moved="$out/moved/an other place"
cxx=$(cxx_compilers | head -n 1)
flags=$(PKG_CONFIG_PATH="$moved/lib/pkgconfig" pkg-config --cflags --libs steadywire)
eval "$cxx -std=c++17 $warnings '$here/smoke.cpp' -o smoke $flags"
LD_LIBRARY_PATH="$moved/lib" run ./smoke
flags=$(PKG_CONFIG_PATH="$moved/lib/pkgconfig" pkg-config --cflags --libs steadywire-static)
eval "$cxx -std=c++17 $warnings '$here/smoke.cpp' -o smoke-static $flags"
(unset LD_LIBRARY_PATH && run ./smoke-static)
