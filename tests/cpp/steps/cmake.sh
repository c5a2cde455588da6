# find_package, with the CMake of the system or else the one of PyPI, in an environment of its own.
cmake=$(command -v cmake || true)
if [ -z "$cmake" ]; then
    if [ ! -x cmake-venv/bin/cmake ]; then
        python3 -m venv cmake-venv
        cmake-venv/bin/pip install --quiet --disable-pip-version-check cmake==4.4.5
    fi
    cmake=$out/cmake-venv/bin/cmake
fi
rm -rf cmake-examples cmake-static
"$cmake" -S "$root/examples" -B cmake-examples -DCMAKE_PREFIX_PATH="$stage" >cmake.log 2>&1 ||
    { cat cmake.log >&2; fail "CMake does not take the package"; }
"$cmake" --build cmake-examples >cmake.log 2>&1 || { cat cmake.log >&2; fail "the examples do not build with CMake"; }
for example in follow poll worker; do
    cp cmake-examples/$example-c cmake-examples/$example-cpp .
done
try_examples c
try_examples cpp

# The static target, from a tree that was moved.
"$cmake" -S "$here/cmake" -B cmake-static -DCMAKE_PREFIX_PATH="$moved" >cmake.log 2>&1 ||
    { cat cmake.log >&2; fail "CMake does not take the package that was moved"; }
"$cmake" --build cmake-static >cmake.log 2>&1 || { cat cmake.log >&2; fail "no program with the static target"; }
if ldd cmake-static/smoke-static | grep -q libsteadywire; then
    fail "steadywire::static links the shared library"
fi
(unset LD_LIBRARY_PATH && run cmake-static/smoke-static)
run cmake-static/smoke-shared

# Versions: this one and its like are taken, another minor version is not.
for asked in "" 0.1 0.1.0 "0.1 EXACT" 0.2 1 9.9; do
    case $asked in "" | 0.1 | 0.1.0) good=yes ;; *) good=no ;; esac
    rm -rf cmake-version
    answer=no
    if "$cmake" -S "$here/cmake" -B cmake-version -DCMAKE_PREFIX_PATH="$stage" "-DASKED=$asked" >cmake.log 2>&1; then
        answer=yes
    fi
    [ $answer = $good ] || { cat cmake.log >&2; fail "find_package(steadywire $asked): taken is $answer"; }
done
