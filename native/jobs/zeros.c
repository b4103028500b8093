#include "zeros.h"

#include <string.h>

#include "block_queue.h"

uint8_t zeros[ZEROS];

bool is_zero_piece(struct worker *worker, size_t piece) {
  const struct hash_job *job = worker->reader.job;
  const uint64_t length = job->stream.piece_length;
  return is_zeros(&worker->reader, job_piece(job, piece) * length, length);
}

/*
 * Returns the digest of a piece of zeros, which each thread computes once; NULL if the job is
 * stopped.
 */
static const uint8_t *zero_piece_digest(struct worker *worker) {
  const struct hash_job *job = worker->reader.job;
  const uint64_t length = job->stream.piece_length;
  const uint8_t *const data[] = {zeros};
  uint32_t state[8];
  if (worker->zeros.has_piece) return worker->zeros.piece;
  init_lanes(SHA1, state, 1);
  uint64_t left = length;
  for (; left > ZEROS; left -= ZEROS) {
    if (is_stopped(job)) return NULL;
    update_lanes(job->cpu, job->kernel, SHA1, state, data, ZEROS, 1);
  }
  finish_lanes(job->cpu, job->kernel, SHA1, state, data, (size_t)left, length, 1,
               worker->zeros.piece);
  worker->zeros.has_piece = true;
  return worker->zeros.piece;
}

static const uint8_t *zero_block_digest(struct worker *worker) {
  const struct hash_job *job = worker->reader.job;
  if (!worker->zeros.has_block) {
    hash_pieces(job->cpu, job->kernel, SHA256, zeros, FILE_BLOCK, 1, worker->zeros.block);
    worker->zeros.has_block = true;
  }
  return worker->zeros.block;
}

void set_zero_blocks(struct worker *worker, size_t first, size_t count) {
  struct hash_job *job = worker->reader.job;
  const size_t size = digest_bytes_of(SHA256);
  /* The numbers come from JavaScript, and are not all checked at the border */
  for (size_t i = first; i < first + count && i < job->block_count; i++) {
    memcpy(job->block_digests + i * size, zero_block_digest(worker), size);
  }
}

void set_zero_piece(struct worker *worker, size_t piece) {
  struct hash_job *job = worker->reader.job;
  const uint64_t index = job_piece(job, piece), length = job->stream.piece_length;
  const uint8_t *digest = zero_piece_digest(worker);
  if (digest == NULL) return;
  const size_t size = digest_bytes_of(SHA1);
  memcpy(job->piece_digests + piece * size, digest, size);
  if (job->block_digests != NULL) {
    const size_t blocks = (size_t)(bytes_of_file(&job->stream, index) / FILE_BLOCK);
    set_zero_blocks(worker, job->first_blocks[piece], blocks);
  }
  note_progress(job, length, file_at(&job->stream, index * length));
}
