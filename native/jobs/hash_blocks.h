#ifndef BTKIT_HASH_BLOCKS_H
#define BTKIT_HASH_BLOCKS_H

#include "hash_batch.h"

/*
 * Reads and hashes the blocks of files in the job's pieces from number `first` to before `end`,
 * without padding. Reads in stream order.
 */
void hash_blocks_of(struct worker *worker, size_t first, size_t end);

#endif
