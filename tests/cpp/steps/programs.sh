# The programs of this directory, in the oldest dialect that is taken and in a newer one, with two hubs: one for everybody, one
# that wants the token "secret".
start_hub --token secret
export STEADYWIRE_GUARDED_URL="$url"
start_hub
export STEADYWIRE_URL="$url"
for compiler in $(cxx_compilers); do
    for program in "$here"/test_*.cpp; do
        name=$(basename "$program" .cpp)
        for standard in c++17 c++20; do
            # shellcheck disable=SC2046,SC2086 # flags
            "$compiler" -std=$standard -g $warnings "$program" -o "$name" $(pkg-config --cflags --libs steadywire)
            run "./$name"
        done
        echo "$name: $(tail -n 1 run.log)"
    done
done
stop_hubs
