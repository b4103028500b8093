#ifndef BTKIT_BLOCK_QUEUE_H
#define BTKIT_BLOCK_QUEUE_H

#include "job.h"

/*
 * Length of a block in bytes; a leaf of a file's Merkle tree is the SHA-256 digest of a block (BEP
 * 52).
 */
#define FILE_BLOCK ((size_t)16 * 1024)

/* Blocks in memory that wait until there are enough to hash together. */
struct block_queue {
  struct message waiting[MAX_LANES];
  size_t count;
};

/* Adds a block by its number in the job. Hashes the waiting blocks if there are enough. */
void queue_block(struct block_queue *queue, const struct hash_job *job, size_t number,
                 const uint8_t *data, size_t length);

/* Hashes all waiting blocks. Afterwards they need not stay in memory. */
void hash_queued(struct block_queue *queue, const struct hash_job *job);

#endif
