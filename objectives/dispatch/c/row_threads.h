// Threads that live for one call: created, joined, gone.
//
// An OpenMP runtime keeps its threads, and a process forked after a parallel region hangs in the next one. A thread
// costs some 15 microseconds here, so that only work of several times that is shared.
//
// The caller keeps the GIL: threads run no Python, and PyTensor's functions, like its other C code, count on it.

#ifndef OBJECTIVES_ROW_THREADS_H
#define OBJECTIVES_ROW_THREADS_H

#include <cstdlib>
#ifndef _WIN32
#include <pthread.h>  // rather than std::thread, which needs exceptions: PyMC compiles without them
#include <unistd.h>
#endif
#ifdef __linux__
#include <sched.h>
#endif

namespace objectives {

const int max_threads = 64;
const npy_intp least_work = 1 << 17;  // elements, for each thread

static inline int available_cpus() {
#ifdef __linux__
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) return CPU_COUNT(&cpus);
#endif
#ifndef _WIN32
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
#else
    return 1;
#endif
}

// How many threads to use for the work (elements). Call it with the GIL, under which Python writes the environment.
static inline int thread_count(npy_intp work) {
    npy_intp threads = work / least_work;
    if (threads <= 1) return 1;
    const char* setting = std::getenv("OMP_NUM_THREADS");  // may be a list, whose first number is meant
    long limit = setting ? std::strtol(setting, NULL, 10) : 0;
    if (limit < 1) limit = available_cpus();
    if (limit > max_threads) limit = max_threads;
    if (threads > limit) threads = limit;
    return threads < 1 ? 1 : (int)threads;
}

#ifndef _WIN32
template <class Run> struct Share {
    const Run* run;
    npy_intp start, stop;
    pthread_t thread;

    bool begin() { return pthread_create(&thread, NULL, call, this) == 0; }
    static void* call(void* share) {
        const Share* self = (const Share*)share;
        (*self->run)(self->start, self->stop);
        return NULL;
    }
};
#endif

// Call run(start, stop) over shares of range(length), of which each but the last is a multiple of `unit`.
template <class Run> static void share_out(npy_intp length, npy_intp unit, int threads, const Run& run) {
    npy_intp units = (length + unit - 1) / unit;
    auto bound = [=](npy_intp share) {
        npy_intp at = units / threads * share + units % threads * share / threads;
        return at * unit < length ? at * unit : length;
    };
#ifndef _WIN32
    Share<Run> shares[max_threads];
    int begun = 1;
    for (; begun < threads; begun++) {
        shares[begun].run = &run;
        shares[begun].start = bound(begun);
        shares[begun].stop = bound(begun + 1);
        if (!shares[begun].begin()) break;  // no thread to be had
    }
    run(0, bound(1));
    if (begun < threads) run(bound(begun), length);
    for (int share = 1; share < begun; share++) pthread_join(shares[share].thread, NULL);
#else
    run(0, bound(threads));
#endif
}

}  // namespace objectives

#endif
