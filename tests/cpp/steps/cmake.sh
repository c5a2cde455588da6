# find_package. CMAKE is the program to use; the Makefile gives the one of PyPI or, in test-all, Debian's.
cmake=${CMAKE:-cmake}
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
