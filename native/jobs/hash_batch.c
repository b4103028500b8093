#include "hash_batch.h"

#include <string.h>

#include "hash_blocks.h"
#include "lanes.h"
#include "../shares.h"
#include "zeros.h"

/* Returns the number of pieces from `first` on that are hashed together: up to a piece of zeros. */
static size_t count_together(struct worker *worker, size_t first, size_t end) {
  size_t count = 1;
  while (count < MAX_LANES && first + count < end && !is_zero_piece(worker, first + count)) count++;
  return count;
}

static void hash_pieces_of(struct worker *worker, size_t first, size_t end) {
  while (first < end && !is_stopped(worker->reader.job)) {
    if (is_zero_piece(worker, first)) {
      set_zero_piece(worker, first++);
      continue;
    }
    const size_t count = count_together(worker, first, end);
    hash_lanes(worker, first, count);
    first += count;
  }
}

void run_share(struct hash_job *job, struct worker *worker) {
  memset(&worker->reader, 0, sizeof worker->reader);
  memset(&worker->zeros, 0, sizeof worker->zeros);
  worker->reader.job = job;
  worker->reader.turns_back = job->piece_digests != NULL;
  while (!is_stopped(job)) {
    const size_t batch = take_batch(job);
    const size_t first = batch_start(job, batch), end = batch_start(job, batch + 1);
    if (first == end) break;
    /* Data that was not in the page cache for one batch may be there for the next */
    worker->reader.is_cold = job->next_turn != NULL;
    worker->reader.waited = job->call_help == NULL ? 0 : times_waited();
    if (job->piece_digests == NULL) {
      hash_blocks_of(worker, first, end);
    } else {
      hash_pieces_of(worker, first, end);
    }
    if (is_stopped(job)) break;
    for (size_t i = first; i < end; i++) __atomic_store_n(&job->is_done[i], 1, __ATOMIC_RELEASE);
  }
  close_files(&worker->reader.files);
}
