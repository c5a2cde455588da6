# The programs of this directory, in the oldest dialect that is taken and in a newer one, each with two hubs of its own:
# one for everybody, one that wants the token "secret". CXXFLAGS adds flags, as -fsanitize=address; RUNNER runs the
# programs, as valgrind.
for compiler in $(cxx_compilers); do
    for program in "$here"/test_*.cpp; do
        name=$(basename "$program" .cpp)
        for standard in c++17 c++20; do
            # shellcheck disable=SC2046,SC2086 # flags
            "$compiler" -std=$standard -g $warnings ${CXXFLAGS-} "$program" -o "$name" \
                $(pkg-config --cflags --libs steadywire)
            start_hub --token secret
            export STEADYWIRE_GUARDED_URL="$url"
            start_hub
            export STEADYWIRE_URL="$url"
            # shellcheck disable=SC2086 # arguments
            run ${RUNNER-} "./$name"
            stop_hubs
        done
        echo "$name: $(tail -n 1 run.log)"
    done
done
