#ifndef BTKIT_LANES_H
#define BTKIT_LANES_H

#include "hash_batch.h"

/*
 * Reads and hashes up to MAX_LANES of the job's pieces side by side, a slice of each at a time;
 * their blocks as well, if the job wants those.
 */
void hash_lanes(struct worker *worker, size_t first, size_t count);

#endif
