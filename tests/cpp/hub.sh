# What the steps share. Sourced by run.sh.

hubs=
trap 'stop_hubs' EXIT

# Starts a hub on a port of its own, with these arguments; its address is in $url.
start_hub() {
    rm -f hub.pipe
    mkfifo hub.pipe
    "$programs/steadywire" serve --listen 127.0.0.1:0 "$@" >hub.pipe 2>>hub.log &
    hubs="$hubs $!"
    read -r _ _ url <hub.pipe
}

stop_hubs() {
    for hub in $hubs; do
        kill "$hub" 2>/dev/null || true
        wait "$hub" 2>/dev/null || true
    done
    hubs=
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# Runs a program, which must be done in ten minutes, and shows what it wrote if it fails.
run() {
    timeout 600 "$@" >run.log 2>&1 || {
        status=$?
        cat run.log >&2
        fail "$* (status $status)"
    }
}

# The three examples of a language, which are here by now, with a hub: two follow what the third reports.
try_examples() {
    start_hub
    task="build-$1"
    "./follow-$1" "$url" "$task" >follow.log 2>&1 &
    follow=$!
    "./poll-$1" "$url" "$task" >poll.log 2>&1 &
    poll=$!
    run "./worker-$1" "$url" "$task"
    wait $follow || { cat follow.log >&2; fail "follow of $1"; }
    wait $poll || { cat poll.log >&2; fail "poll of $1"; }
    grep -q 'complete' follow.log || { cat follow.log >&2; fail "follow of $1 saw no end"; }
    grep -q 'complete' poll.log || { cat poll.log >&2; fail "poll of $1 saw no end"; }
    stop_hubs
}

c_compilers() {
    if [ -n "${CC-}" ]; then
        echo "$CC"
    else
        for compiler in gcc clang; do command -v $compiler || true; done
    fi
}

cxx_compilers() {
    if [ -n "${CXX-}" ]; then
        echo "$CXX"
    else
        for compiler in g++ clang++; do command -v $compiler || true; done
    fi
}
