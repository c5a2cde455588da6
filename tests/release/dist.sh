#!/bin/sh
# Builds everything that is published into OUT, for the platform it runs on. `make dist` calls it; what it needs is in the
# environment:
#   OUT, WORK       what is published; where it is built, apart from the rest: other flags would build that anew
#   CARGO, VENV     cargo; the folder of maturin
# What a release is made of must not name the machine it was made on: paths are mapped, and the end looks for them.
set -eu

: "${OUT:?}" "${WORK:?}" "${CARGO:?}" "${VENV:?}"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
platform=$(rustc -vV | sed -n 's/^host: //p')
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rust_source=$(rustc --print sysroot)/lib/rustlib/src/rust

export CARGO_TARGET_DIR="$WORK"
export CARGO_PROFILE_RELEASE_STRIP=symbols CARGO_PROFILE_RELEASE_DEBUG=none
export RUSTFLAGS="--remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$rust_source=/rust --remap-path-prefix=$root=/steadywire \
--remap-path-prefix=$WORK=/build"
# What is older than this second has this second, so that the same commit gives the same archives.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

fail() {
    echo "dist: $1" >&2
    exit 1
}

archive() { # FOLDER: OUT/FOLDER.tar.gz of WORK/packed/FOLDER
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$WORK/packed" -cf - "$1" |
        gzip -n9 >"$OUT/$1.tar.gz"
}

fresh() { # FOLDER: an empty WORK/packed/FOLDER with the licences
    rm -rf "$WORK/packed/$1"
    mkdir -p "$WORK/packed/$1"
    cp LICENSE-MIT LICENSE-APACHE "$WORK/packed/$1"
}

rm -rf "$OUT"
mkdir -p "$OUT"

echo "== the terminal program"
make --silent "$WORK/dashboard/index.html"
STEADYWIRE_DASHBOARD="$WORK/dashboard/index.html" \
    "$CARGO" build --quiet --locked --release -p steadywire-cli --features dashboard
program=steadywire-$version-$platform
case $platform in *windows*) exe=.exe ;; *) exe= ;; esac
fresh "$program"
cp "$WORK/release/steadywire$exe" docs/cli.md "$WORK/packed/$program"
archive "$program"

echo "== the C library"
if [ "$(uname -s)" = Linux ]; then
    library=steadywire-c-$version-$platform
    fresh "$library"
    rm -rf "$WORK/c"
    make --silent install LIB_PROFILE=release PREFIX=/usr DESTDIR="$WORK/c" LIBDIR=lib CARGO="$CARGO"
    cp -R "$WORK/c/usr/." "$WORK/packed/$library"
    mkdir -p "$WORK/packed/$library/share/doc/steadywire"
    cp docs/c.md "$WORK/packed/$library/share/doc/steadywire"
    archive "$library"
else
    echo "left out: \`make install\` knows only Linux so far"
fi

echo "== the Python package"
"$VENV/maturin" build --quiet --release --locked -m bindings-python/Cargo.toml -o "$OUT"
"$VENV/maturin" sdist -m bindings-python/Cargo.toml -o "$OUT"

echo "== the npm packages"
make --silent node-addon ADDON_PROFILE=release CARGO="$CARGO"
npm --prefix bindings-node run --silent build -- --log-level warn
node bindings-node/npm/pack.mjs "$WORK/release" "$WORK/npm" >/dev/null
cp "$WORK"/npm/*.tgz "$OUT"

echo "== the crates"
# In the order in which they need each other; without RUSTFLAGS, for nothing of this build is published.
(
    unset RUSTFLAGS
    "$CARGO" publish --quiet --locked --dry-run ${DIST_ALLOW_DIRTY:+--allow-dirty} \
        -p steadywire -p steadywire-hub -p steadywire-faults -p steadywire-cli
)
mkdir -p "$OUT/crates"
cp "$WORK"/package/tmp-crate/steadywire*-"$version".crate "$OUT/crates"

echo "== what it is"
rm -rf "$WORK/opened"
for file in "$OUT"/*.tar.gz "$OUT"/*.tgz "$OUT"/*.whl "$OUT"/crates/*.crate; do
    opened=$WORK/opened/$(basename "$file")
    mkdir -p "$opened"
    case $file in
    *.whl) python3 -m zipfile -e "$file" "$opened" ;;
    *) tar -xzf "$file" -C "$opened" ;;
    esac
done
for path in "$root" "$HOME" "$cargo_home" "$WORK"; do
    if grep -rlaF -- "$path" "$WORK/opened"; then
        fail "these name $path"
    fi
done
for opened in "$WORK"/opened/*; do
    for license in LICENSE-MIT LICENSE-APACHE; do
        # A checkout without symbolic links has the name of the file in its place.
        find "$opened" -name "$license" | grep -q . || fail "$opened has no $license"
        if find "$opened" -name "$license" ! -exec cmp -s {} "$license" \; -print | grep .; then
            fail "these are another $license than ours"
        fi
    done
done
for crate in "$WORK"/opened/*.crate/*; do
    [ -s "$crate/README.md" ] || fail "$crate has no README.md"
    # Sources and what they include: no tests, vectors or scripts of the tree.
    if (cd "$crate" && find . -type f) | grep -vE \
        '^\./(Cargo\.(lock|toml|toml\.orig)|\.cargo_vcs_info\.json|README\.md|LICENSE-[A-Z]+|(src|examples)/.*\.(rs|json|html)|scripts/[a-z-]+\.json)$'; then
        fail "$crate has more than its sources"
    fi
done
(cd "$OUT" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | sed 's|^\./||' | xargs sha256sum >SHA256SUMS)
cat "$OUT/SHA256SUMS"
