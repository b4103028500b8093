#ifndef BTKIT_ON_THREADS_H
#define BTKIT_ON_THREADS_H

#include <stdint.h>

/*
 * Calls work(data, i) for each i below count, on this thread and up to 16 more, and returns when all
 * calls did. It is for work that waits for a disk, so that their count is not one of processors.
 */
void on_threads(uint32_t count, void (*work)(void *data, uint32_t i), void *data);

#endif
