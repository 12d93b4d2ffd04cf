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
#include <system_error>
#include <thread>
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
    return (int)std::thread::hardware_concurrency();
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

// Call run(start, stop) over shares of range(length), of which each but the last is a multiple of `unit`.
template <class Run> static void share_out(npy_intp length, npy_intp unit, int threads, const Run& run) {
    npy_intp units = (length + unit - 1) / unit;
    auto bound = [=](npy_intp share) {
        npy_intp at = units / threads * share + units % threads * share / threads;
        return at * unit < length ? at * unit : length;
    };
#ifndef _WIN32
    std::thread running[max_threads];
    for (int share = 1; share < threads; share++) {
        npy_intp start = bound(share), stop = bound(share + 1);
        try {
            running[share] = std::thread([&run, start, stop] { run(start, stop); });
        } catch (const std::system_error&) {  // no thread to be had
            run(start, stop);
        }
    }
    run(0, bound(1));
    for (int share = 1; share < threads; share++)
        if (running[share].joinable()) running[share].join();
#else
    run(0, bound(threads));
#endif
}

}  // namespace objectives

#endif
