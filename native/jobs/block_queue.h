#ifndef BTKIT_BLOCK_QUEUE_H
#define BTKIT_BLOCK_QUEUE_H

#include "job.h"

/* Bytes of a block, which a leaf of a file's Merkle tree is the SHA-256 digest of (BEP 52). */
#define FILE_BLOCK ((size_t)16 * 1024)

/* Blocks that are in memory and wait until there are enough of them to hash at once. */
struct block_queue {
  struct message waiting[MAX_LANES];
  size_t count;
};

/* Adds a block by its number in the job; hashes those that wait when they are enough. */
void queue_block(struct block_queue *queue, const struct hash_job *job, size_t number,
                 const uint8_t *data, size_t length);

/* Hashes what waits; after that the blocks need not stay in memory. */
void hash_queued(struct block_queue *queue, const struct hash_job *job);

#endif
