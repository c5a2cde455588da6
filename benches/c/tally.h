/*
 * Counts and checksums as benches/src/tally.rs takes them, and the report that benches/src/reading.rs expects: one line
 * of JSON. One writer, so no atomics.
 */
#ifndef STEADYWIRE_BENCH_TALLY_H
#define STEADYWIRE_BENCH_TALLY_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS, LOG, STATUS, COMPLETE, KINDS };

/* A part that takes longer than this ends itself, and the run with it. */
enum { PATIENCE_S = 120 };

/* A moment on two clocks: this process's CPU (user and system, all threads) and the wall. */
typedef struct mark {
    double cpu_s, wall_s;
} mark;

typedef struct tally {
    uint64_t counts[KINDS], sums[KINDS];
    uint64_t tasks; /* that end the run */
    mark start, first;
} tally;

static inline double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline mark mark_now(void) {
    mark now;
    now.cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
    now.wall_s = seconds(CLOCK_MONOTONIC);
    return now;
}

/* The hasher of the crate rustc-hash, version 2, so that the sums are the ones that the server's side expects. */
static inline uint64_t hash_word(uint64_t hash, uint64_t word) { return (hash + word) * UINT64_C(0xf1357aea2e62a9c5); }

static inline uint64_t load(const char* bytes, size_t count) {
    uint64_t word = 0;
    memcpy(&word, bytes, count);
    return word;
}

static inline uint64_t multiply_mix(uint64_t x, uint64_t y) {
    unsigned __int128 full = (unsigned __int128)x * y;
    return (uint64_t)full ^ (uint64_t)(full >> 64);
}

static inline uint64_t hash_text(uint64_t hash, const char* text, size_t length) {
    uint64_t s0 = UINT64_C(0x243f6a8885a308d3), s1 = UINT64_C(0x13198a2e03707344);
    if (length > 16) {
        for (size_t at = 0; length - 1 - at >= 16; at += 16) {
            uint64_t mixed =
                multiply_mix(s0 ^ load(text + at, 8), UINT64_C(0xa4093822299f31d0) ^ load(text + at + 8, 8));
            s0 = s1;
            s1 = mixed;
        }
        s0 ^= load(text + length - 16, 8);
        s1 ^= load(text + length - 8, 8);
    } else if (length >= 8) {
        s0 ^= load(text, 8);
        s1 ^= load(text + length - 8, 8);
    } else if (length >= 4) {
        s0 ^= load(text, 4);
        s1 ^= load(text + length - 4, 4);
    } else if (length > 0) {
        s0 ^= (unsigned char)text[0];
        s1 ^= (uint64_t)(unsigned char)text[length - 1] << 8 | (unsigned char)text[length / 2];
    }
    return hash_word(hash, multiply_mix(s0, s1) ^ length);
}

static inline uint64_t hash_start(const char* task, size_t length, int64_t timestamp) {
    return hash_word(hash_text(0, task, length), (uint64_t)timestamp);
}

static inline uint64_t hash_double(uint64_t hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return hash_word(hash, bits);
}

/* Folds in one event's hash, sensitive to order; true at the last task's end: the run is over. */
static inline bool tally_add(tally* into, int kind, uint64_t hash) {
    into->sums[kind] = (into->sums[kind] << 1 | into->sums[kind] >> 63) ^ (hash << 26 | hash >> 38);
    if (into->counts[kind]++ == 0 && kind == PROGRESS) into->first = mark_now();
    return kind == COMPLETE && into->counts[COMPLETE] == into->tasks;
}

/* Begins what is measured: before the connect. */
static inline void tally_start(tally* fresh, int tasks) {
    memset(fresh, 0, sizeof *fresh);
    fresh->tasks = (uint64_t)tasks;
    alarm(PATIENCE_S);
    fresh->start = mark_now();
    fresh->first = fresh->start;
}

static inline int tally_report(const tally* done) {
    mark end = mark_now();
    printf("{\"cpu_s\":%.9f,\"steady_cpu_s\":%.9f,\"steady_wall_s\":%.9f,\"totals\":{\"counts\":[",
           end.cpu_s - done->start.cpu_s, end.cpu_s - done->first.cpu_s, end.wall_s - done->first.wall_s);
    for (int kind = 0; kind < KINDS; kind++) printf("%s%" PRIu64, kind ? "," : "", done->counts[kind]);
    printf("],\"sums\":[");
    for (int kind = 0; kind < KINDS; kind++) printf("%s%" PRIu64, kind ? "," : "", done->sums[kind]);
    printf("]}}\n");
    return fflush(stdout) == 0 ? 0 : 1;
}

static inline int usage(const char* program) {
    fprintf(stderr, "usage: %s ws://127.0.0.1:PORT/ws TASK...\n", program);
    return 2;
}

#endif
