#ifndef BTKIT_HASH_BATCH_H
#define BTKIT_HASH_BATCH_H

#include "reader.h"

/* What one thread needs to work on a job. */
struct worker {
  struct reader reader;
  uint8_t *buffer;
  size_t buffer_size;
};

/*
 * One thread's share of a job: reads and hashes batch after batch, until none is left or the job
 * is stopped. Any number of threads may do so at once. The buffer of the worker is reused and kept;
 * all else of it is set up here.
 */
void run_share(struct hash_job *job, struct worker *worker);

#endif
