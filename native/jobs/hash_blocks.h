#ifndef BTKIT_HASH_BLOCKS_H
#define BTKIT_HASH_BLOCKS_H

#include "hash_batch.h"

/*
 * Reads and hashes the blocks of files in the job's pieces from number `first` up to `end`, and
 * nothing of their padding. All is read in the order of the stream.
 */
void hash_blocks_of(struct worker *worker, size_t first, size_t end);

#endif
