#define _GNU_SOURCE
#include "job.h"

#include <time.h>

size_t take_batch(struct hash_job *job) {
  return (size_t)__atomic_fetch_add(&job->control[NEXT_BATCH], 1, __ATOMIC_SEQ_CST);
}

bool is_stopped(const struct hash_job *job) {
  return __atomic_load_n(&job->control[STOPPED], __ATOMIC_SEQ_CST) != 0;
}

void stop_job(struct hash_job *job) {
  __atomic_store_n(&job->control[STOPPED], 1, __ATOMIC_SEQ_CST);
}

static size_t at_most(size_t value, size_t limit) { return value < limit ? value : limit; }

size_t batch_start(const struct hash_job *job, size_t batch) {
  const struct batch_plan *plan = &job->plan;
  const size_t full = at_most(batch, plan->full_batches);
  const size_t rests = at_most(batch - full, job->piece_count);
  return at_most(full * plan->pieces_per_batch + rests * plan->pieces_per_rest, job->piece_count);
}

uint64_t job_piece(const struct hash_job *job, size_t i) {
  return job->pieces == NULL ? i : job->pieces[i];
}

void note_progress(struct hash_job *job, uint64_t bytes, size_t file) {
  __atomic_fetch_add(job->progress, (int64_t)bytes, __ATOMIC_RELAXED);
  __atomic_store_n(&job->control[CURRENT_FILE], (int32_t)file, __ATOMIC_RELAXED);
}

void fail_job(struct hash_job *job, size_t file, int32_t reason) {
  int32_t none = 0;
  if (__atomic_compare_exchange_n(&job->failure, &none, reason, false, __ATOMIC_SEQ_CST,
                                  __ATOMIC_SEQ_CST)) {
    job->failed_file = file;
  }
  stop_job(job);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A year, so that no sum overflows. */
#define LONGEST_TURN_S 31536000.0

/* Reserves the time that a read takes, and returns its beginning. */
static int64_t take_turn(struct hash_job *job, size_t bytes) {
  const int64_t now = now_ns();
  const double seconds = (double)bytes / job->bytes_per_second;
  const int64_t duration = (int64_t)((seconds < LONGEST_TURN_S ? seconds : LONGEST_TURN_S) * 1e9) + 1;
  int64_t next = __atomic_load_n(job->next_turn, __ATOMIC_SEQ_CST);
  for (;;) {
    const int64_t turn = next > now ? next : now;
    if (__atomic_compare_exchange_n(job->next_turn, &next, turn + duration, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      return turn;
    }
  }
}

/* The longest sleep before the job's end is checked again. */
#define LONGEST_SLEEP_NS 20000000

void await_turn(struct hash_job *job, size_t bytes) {
  if (job->next_turn == NULL) return;
  const int64_t turn = take_turn(job, bytes);
  for (int64_t left; (left = turn - now_ns()) > 0 && !is_stopped(job);) {
    const struct timespec sleep = {0, left < LONGEST_SLEEP_NS ? left : LONGEST_SLEEP_NS};
    nanosleep(&sleep, NULL);
  }
}
