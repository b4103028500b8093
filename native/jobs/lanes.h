#ifndef BTKIT_LANES_H
#define BTKIT_LANES_H

#include "hash_batch.h"

/*
 * Reads and hashes up to MAX_LANES of the job's pieces in parallel, a slice of each at a time.
 * Hashes their blocks, too, if the job needs them.
 */
void hash_lanes(struct worker *worker, size_t first, size_t count);

#endif
