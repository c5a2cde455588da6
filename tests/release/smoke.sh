#!/bin/sh
# Installs what `make dist` has left in OUT as its users would, in empty places, and lets each follow a task to its end.
#   OUT, WORK       what `make dist` has left; where it is installed
#   PYTHON, CC, PKG_CONFIG, CMAKE, CARGO
# Only the source of the Python package asks a registry: for maturin, which pip gets to build it, and for crates.
set -eu

: "${OUT:?}" "${WORK:?}" "${PYTHON:=python3}" "${CMAKE:=cmake}"
(cd "$OUT" && sha256sum --quiet -c SHA256SUMS)
place=$WORK/smoke
version=$(basename "$OUT"/*.whl | cut -d- -f2)
rm -rf "$place"
mkdir -p "$place"
trap 'kill "$hub" 2>/dev/null || true' EXIT

says() { # WHAT TEXT-THAT-MUST-BE-IN-IT
    case $2 in *"$3"*) echo "$1: works" ;; *) echo "$1 said: $2" >&2 && exit 1 ;; esac
}

tar -xzf "$OUT"/steadywire-[0-9]*-*-*.tar.gz -C "$place"
program=$(echo "$place"/steadywire-[0-9]*/steadywire)
"$program" serve --listen 127.0.0.1:0 >"$place/hub" &
hub=$!
until grep -q '^listening on ' "$place/hub"; do kill -0 "$hub"; done
url=$(sed -n 's/^listening on //p' "$place/hub")
"$program" send t --url "$url" --complete
says "the terminal program" "$("$program" watch t --url "$url" --json)" '"event":"complete"'

says "the demo" "$("$program" demo)" "120 of 120 log lines arrived, each exactly once; 0 gaps; 1 outcome."

follow_in_python() { # VENV
    (cd "$place" && "$1/bin/python" -c "
import sys, steadywire
with steadywire.Client(sys.argv[1]) as client:
    print(client.wait('t').kind)" "$url" && "$1/bin/steadywire" watch t --url "$url" --json)
}
"$PYTHON" -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$OUT"/*.whl
says "the wheel" "$(follow_in_python "$place/venv")" "complete
{"

"$PYTHON" -m venv "$place/venv-source"
# Built where a second run finds it; else it would be thrown away with pip's copy of the source.
CARGO_TARGET_DIR="$WORK/from-source" "$place/venv-source/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
    "$OUT/steadywire-$version.tar.gz"
says "the source of the Python package" "$(follow_in_python "$place/venv-source")" "complete
{"

mkdir "$place/npm"
echo '{ "name": "empty", "private": true }' >"$place/npm/package.json"
(cd "$place/npm" && npm install --offline --silent --no-audit --no-fund --no-package-lock "$OUT"/*.tgz)
cat >"$place/npm/follow.mjs" <<'JS'
import { Client } from 'steadywire';
const client = new Client({ url: process.argv[2] });
console.log((await client.wait('t')).kind);
await client.disconnect();
JS
says "the npm packages" "$(node "$place/npm/follow.mjs" "$url")" complete

# Linux alone has the C library so far.
[ "$(uname -s)" = Linux ] || exit 0
tar -xzf "$OUT"/steadywire-c-*.tar.gz -C "$place"
mv "$place"/steadywire-c-* "$place/moved"
cat >"$place/follow.c" <<'C'
#include <stdio.h>
#include <steadywire.h>
int main(int count, char **words) {
    steadywire_config *config = NULL;
    steadywire_client *client = NULL;
    steadywire_outcome *outcome = NULL;
    if (count != 2 || steadywire_config_new(words[1], STEADYWIRE_NUL, &config) != STEADYWIRE_OK ||
        steadywire_client_new(config, &client) != STEADYWIRE_OK ||
        steadywire_client_outcome_wait(client, "t", STEADYWIRE_NUL, 10000, &outcome) != STEADYWIRE_OK)
        return 1;
    puts(steadywire_outcome_to_json(outcome, NULL));
    steadywire_outcome_free(outcome);
    steadywire_client_free(client);
    steadywire_config_free(config);
    return 0;
}
C
for package in steadywire steadywire-static; do
    # shellcheck disable=SC2046 # several flags
    "${CC:-cc}" "$place/follow.c" -o "$place/follow" \
        $(PKG_CONFIG_PATH="$place/moved/lib/pkgconfig" "${PKG_CONFIG:-pkg-config}" --cflags --libs "$package") -pthread
    says "the C library, $package" "$(LD_LIBRARY_PATH="$place/moved/lib" "$place/follow" "$url")" complete
done

cat >"$place/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(follow LANGUAGES C)
find_package(steadywire 0.1 REQUIRED CONFIG)
foreach(kind IN ITEMS shared static)
  add_executable(follow-${kind} follow.c)
  target_link_libraries(follow-${kind} PRIVATE steadywire::${kind})
endforeach()
CMAKE
{
    "$CMAKE" -S "$place" -B "$place/cmake" -DCMAKE_PREFIX_PATH="$place/moved"
    "$CMAKE" --build "$place/cmake"
} >"$place/cmake.log" 2>&1 || { cat "$place/cmake.log" >&2 && exit 1; }
for kind in shared static; do
    says "the C library by CMake, $kind" "$("$place/cmake/follow-$kind" "$url")" complete
done
