#ifndef BTKIT_ON_THREADS_H
#define BTKIT_ON_THREADS_H

#include <stdint.h>

/*
 * Calls work(data, i) for each i below count, on this thread and up to 16 more, and returns when
 * all calls have ended. The work waits for a disk, so the number of threads does not depend on the
 * processors.
 */
void on_threads(uint32_t count, void (*work)(void *data, uint32_t i), void *data);

#endif
