#include "hash_batch.h"

#include <string.h>

#include "hash_blocks.h"
#include "lanes.h"

static void hash_pieces_of(struct worker *worker, size_t first, size_t end) {
  while (first < end && !is_stopped(worker->reader.job)) {
    const size_t count = end - first < MAX_LANES ? end - first : MAX_LANES;
    hash_lanes(worker, first, count);
    first += count;
  }
}

void run_share(struct hash_job *job, struct worker *worker) {
  memset(&worker->reader, 0, sizeof worker->reader);
  worker->reader.job = job;
  worker->reader.turns_back = job->piece_digests != NULL;
  while (!is_stopped(job)) {
    const size_t batch = take_batch(job);
    const size_t first = batch_start(job, batch), end = batch_start(job, batch + 1);
    if (first == end) break;
    /* Data that was not in the page cache for one batch may be there for the next */
    worker->reader.is_cold = job->next_turn != NULL;
    if (job->piece_digests == NULL) {
      hash_blocks_of(worker, first, end);
    } else {
      hash_pieces_of(worker, first, end);
    }
  }
  close_files(&worker->reader.files);
}
