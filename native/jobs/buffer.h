#ifndef BTKIT_BUFFER_H
#define BTKIT_BUFFER_H

#include "hash_batch.h"

/*
 * About what lanes have in a buffer together, in bytes, while all is read from the page cache. It
 * stays in the processor's own caches: what is read is hashed before it has to go to memory.
 */
#define CACHED_BYTES ((size_t)1024 * 1024)

/* The same while disks are read: fewer and larger reads, as those of several lanes take turns. */
#define COLD_BYTES ((size_t)8 * 1024 * 1024)

/*
 * What the buffers of two lanes are apart beyond their length. At a multiple of 4 KiB the bytes
 * that all lanes read at a time would share one set of the first-level cache.
 */
#define LANE_GAP 256

/*
 * Lays `count` buffers of `length` bytes in the worker's. False, with the job failed, when there is
 * no memory.
 */
bool lay_buffers(struct worker *worker, uint8_t **buffers, size_t count, size_t length);

#endif
