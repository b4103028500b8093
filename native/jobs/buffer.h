#ifndef BTKIT_BUFFER_H
#define BTKIT_BUFFER_H

#include "hash_batch.h"

/*
 * The approximate size of all lanes' buffers together, in bytes, while everything is read from the
 * page cache. It fits the processor's own caches: data is hashed before it moves to memory.
 */
#define CACHED_BYTES ((size_t)1024 * 1024)

/*
 * The same size while disks are read: fewer and larger reads, because the lanes' reads take turns.
 */
#define COLD_BYTES ((size_t)8 * 1024 * 1024)

/*
 * The gap between the buffers of two lanes. If they were a multiple of 4 KiB apart, the bytes that
 * all lanes read at a time would share one set of the first-level cache.
 */
#define LANE_GAP 256

/*
 * Places `count` buffers of `length` bytes in the worker's memory. Returns false after failing the
 * job if there is no memory.
 */
bool lay_buffers(struct worker *worker, uint8_t **buffers, size_t count, size_t length);

#endif
