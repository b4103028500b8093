#ifndef BTKIT_HASH_BATCH_H
#define BTKIT_HASH_BATCH_H

#include "reader.h"

/* The data of one thread that works on a job. */
struct worker {
  struct reader reader;
  /* The digests of a whole piece and of a block that have only zeros, once they are needed. */
  struct {
    bool has_piece, has_block;
    uint8_t piece[20], block[32];
  } zeros;
  uint8_t *buffer;
  size_t buffer_size;
};

/*
 * Runs one thread's share of a job: reads and hashes batches until none is left or the job is
 * stopped. Any number of threads may do so at once. The worker's buffer is kept for reuse;
 * everything else in it is initialized here.
 */
void run_share(struct hash_job *job, struct worker *worker);

/*
 * Gives the worker's buffer back to the system. malloc would keep megabytes for each thread that ever
 * hashed.
 */
void free_buffer(struct worker *worker);

#endif
