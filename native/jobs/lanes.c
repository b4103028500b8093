#include "lanes.h"

#include "block_queue.h"
#include "buffer.h"
#include "zeros.h"

/*
 * Unfinished pieces: those from number `first` on, each hashed up to byte `done`. Only the last
 * piece of a stream can be shorter than the others, so only the last lane can be.
 */
struct lanes {
  size_t first;
  size_t count;
  uint64_t done;
  uint32_t *state;
  uint8_t *buffers[MAX_LANES];
  const uint8_t *data[MAX_LANES];
};

/* A part of the lanes, and the number of bytes of each. */
struct slices {
  size_t from;
  size_t count;
  size_t length;
};

/*
 * The shortest and the longest slice while everything is read from the page cache. A system call
 * for less costs too much: on some machines two microseconds before the first byte.
 */
#define SHORTEST_SLICE ((size_t)64 * 1024)
#define LONGEST_SLICE ZEROS

static uint64_t position_of(const struct worker *worker, size_t piece) {
  const struct hash_job *job = worker->reader.job;
  return job_piece(job, piece) * job->stream.piece_length;
}

static uint64_t length_of(const struct worker *worker, size_t piece) {
  const struct content_stream *stream = &worker->reader.job->stream;
  const uint64_t rest = stream_length(stream) - position_of(worker, piece);
  return rest < stream->piece_length ? rest : stream->piece_length;
}

/*
 * Returns the number of bytes to read of each lane: a multiple of a file's blocks, or all that is
 * left.
 */
static size_t slice_length(const struct worker *worker, size_t lanes, uint64_t left) {
  const bool is_cold = worker->reader.is_cold;
  size_t slice = (is_cold ? COLD_BYTES : CACHED_BYTES) / lanes / FILE_BLOCK * FILE_BLOCK;
  if (!is_cold && slice < SHORTEST_SLICE) slice = SHORTEST_SLICE;
  if (!is_cold && slice > LONGEST_SLICE) slice = LONGEST_SLICE;
  return left < slice ? (size_t)left : slice;
}

/* Returns how many lanes from `i` up to `end` follow each other in the stream. */
static size_t count_adjacent(const struct worker *worker, const struct lanes *lanes, size_t i,
                             size_t end) {
  const struct hash_job *job = worker->reader.job;
  size_t next = i + 1;
  while (next < end &&
         job_piece(job, lanes->first + next) == job_piece(job, lanes->first + next - 1) + 1) {
    next++;
  }
  return next - i;
}

/*
 * Reads pieces that lie side by side with one call. Returns their number, or 0 if that is
 * impossible.
 */
static size_t read_adjacent(struct worker *worker, struct lanes *lanes, size_t i,
                            const struct slices *slices) {
  if (slices->length != worker->reader.job->stream.piece_length) return 0;
  const size_t count = count_adjacent(worker, lanes, i, slices->from + slices->count);
  const struct buffers buffers = {lanes->buffers + i, count, slices->length};
  if (count == 1 ||
      !read_together(&worker->reader, position_of(worker, lanes->first + i), &buffers)) {
    return 0;
  }
  for (size_t j = i; j < i + count; j++) lanes->data[j] = lanes->buffers[j];
  return count;
}

static bool read_lane(struct worker *worker, struct lanes *lanes, size_t i, size_t length) {
  const uint64_t position = position_of(worker, lanes->first + i) + lanes->done;
  if (!worker->reader.is_cold && is_zeros(&worker->reader, position, length)) {
    lanes->data[i] = zeros;
    return true;
  }
  lanes->data[i] = lanes->buffers[i];
  return read_stretch(&worker->reader, position, lanes->buffers[i], length);
}

/* Reads slices. Returns false if the job is stopped, or if a disk turns out to be needed. */
static bool read_slices(struct worker *worker, struct lanes *lanes, const struct slices *slices) {
  for (size_t i = slices->from; i < slices->from + slices->count;) {
    const size_t together = read_adjacent(worker, lanes, i, slices);
    if (together == 0 && !read_lane(worker, lanes, i, slices->length)) return false;
    i += together == 0 ? 1 : together;
  }
  return true;
}

/* Makes disks read the lanes' next slices while the current ones are hashed. */
static void read_slices_ahead(struct worker *worker, const struct lanes *lanes,
                              const struct slices *slices) {
  const uint64_t next = lanes->done + slices->length;
  for (size_t i = slices->from; i < slices->from + slices->count; i++) {
    const uint64_t length = length_of(worker, lanes->first + i);
    if (next >= length) continue;
    const uint64_t left = length - next;
    read_ahead(&worker->reader, position_of(worker, lanes->first + i) + next,
               left < slices->length ? left : slices->length);
  }
}

/* Returns the bytes of a slice that belong to a file and not to its padding. */
static size_t file_bytes(const struct worker *worker, const struct lanes *lanes, size_t i,
                         size_t length) {
  const struct hash_job *job = worker->reader.job;
  const uint64_t bytes = bytes_of_file(&job->stream, job_piece(job, lanes->first + i));
  if (bytes <= lanes->done) return 0;
  return bytes - lanes->done < length ? (size_t)(bytes - lanes->done) : length;
}

/* Hashes the blocks of files in slices; lanes that lie side by side are hashed together. */
static void hash_blocks(const struct worker *worker, const struct lanes *lanes,
                        const struct slices *slices) {
  const struct hash_job *job = worker->reader.job;
  struct block_queue queue = {.count = 0};
  size_t bytes[MAX_LANES];
  for (size_t i = 0; i < slices->count; i++) {
    bytes[i] = file_bytes(worker, lanes, slices->from + i, slices->length);
  }
  for (size_t at = 0; at < slices->length; at += FILE_BLOCK) {
    for (size_t i = 0; i < slices->count; i++) {
      if (bytes[i] <= at) continue;
      const size_t lane = slices->from + i, left = bytes[i] - at;
      const size_t number = job->first_blocks[lanes->first + lane] + (lanes->done + at) / FILE_BLOCK;
      queue_block(&queue, job, number, lanes->data[lane] + at,
                  left < FILE_BLOCK ? left : FILE_BLOCK);
    }
  }
  hash_queued(&queue, job);
}

/* Hashes slices that have been read, which ends their pieces or advances them. */
static void hash_slices(struct worker *worker, struct lanes *lanes, const struct slices *slices,
                        bool is_end) {
  struct hash_job *job = worker->reader.job;
  uint32_t *state = lanes->state + slices->from * words_of(SHA1);
  const uint8_t *const *data = lanes->data + slices->from;
  const size_t piece = lanes->first + slices->from;
  if (is_end) {
    finish_lanes(job->cpu, job->kernel, SHA1, state, data, slices->length,
                 lanes->done + slices->length, slices->count,
                 job->piece_digests + piece * digest_bytes_of(SHA1));
  } else {
    update_lanes(job->cpu, job->kernel, SHA1, state, data, slices->length, slices->count);
  }
  if (job->block_digests != NULL) hash_blocks(worker, lanes, slices);
  if (job->next_turn == NULL && slices->length > 0) {
    note_progress(job, (uint64_t)slices->count * slices->length,
                  file_at(&job->stream, position_of(worker, piece) + lanes->done));
  }
}

/* Reads and hashes slices. Returns false if they were not hashed; see read_slices. */
static bool take_slices(struct worker *worker, struct lanes *lanes, const struct slices *slices,
                        bool is_end) {
  if (!read_slices(worker, lanes, slices)) return false;
  if (worker->reader.is_cold && !is_end) read_slices_ahead(worker, lanes, slices);
  hash_slices(worker, lanes, slices, is_end);
  return true;
}

/* Ends the last lane, whose piece is shorter than the others. */
static bool end_last(struct worker *worker, struct lanes *lanes, uint64_t left) {
  const struct slices last = {lanes->count - 1, 1, (size_t)left};
  if (!take_slices(worker, lanes, &last, true)) return false;
  lanes->count--;
  return true;
}

/* Advances all lanes by a slice, and removes those that are complete. */
static void move_on(struct worker *worker, struct lanes *lanes) {
  const uint64_t left = length_of(worker, lanes->first) - lanes->done;
  const uint64_t left_of_last = length_of(worker, lanes->first + lanes->count - 1) - lanes->done;
  const struct slices slices = {0, lanes->count, slice_length(worker, lanes->count, left)};
  const bool is_end = slices.length == left;
  if (!lay_buffers(worker, lanes->buffers, lanes->count, slices.length)) return;

  if (left_of_last >= slices.length) {
    if (!take_slices(worker, lanes, &slices, is_end)) return;
  } else {
    /* Slices that may have to be read again come first, until it is known that no disk is needed */
    const bool is_last_first = !worker->reader.is_cold;
    const struct slices others = {0, lanes->count - 1, slices.length};
    if (is_last_first && !end_last(worker, lanes, left_of_last)) return;
    if (!take_slices(worker, lanes, &others, is_end)) return;
    if (!is_last_first && !end_last(worker, lanes, left_of_last)) return;
  }
  if (is_end) lanes->count = 0;
  lanes->done += slices.length;
}

static void run_lanes(struct worker *worker, struct lanes *lanes);

/*
 * Returns how many lanes can be read from a disk strictly in order: as many whole pieces as fit the
 * buffer.
 */
static size_t count_in_order(const struct worker *worker, const struct lanes *lanes) {
  const uint64_t fitting = COLD_BYTES / worker->reader.job->stream.piece_length;
  return lanes->done > 0 || fitting == 0 ? 1 : (size_t)fitting;
}

/* Completes some lanes before the others. */
static void run_in_order(struct worker *worker, struct lanes *lanes, size_t at_once) {
  while (lanes->count > 0 && !is_stopped(worker->reader.job)) {
    const size_t count = lanes->count < at_once ? lanes->count : at_once;
    struct lanes some = {.first = lanes->first,
                         .count = count,
                         .done = lanes->done,
                         .state = lanes->state};
    run_lanes(worker, &some);
    lanes->first += count;
    lanes->count -= count;
    lanes->state += count * words_of(SHA1);
  }
}

static void run_lanes(struct worker *worker, struct lanes *lanes) {
  const struct hash_job *job = worker->reader.job;
  while (lanes->count > 0 && !is_stopped(job)) {
    const size_t in_order = count_in_order(worker, lanes);
    if (job->is_in_order && worker->reader.is_cold && lanes->count > in_order) {
      run_in_order(worker, lanes, in_order);
    } else {
      move_on(worker, lanes);
    }
  }
}

void hash_lanes(struct worker *worker, size_t first, size_t count) {
  uint32_t state[MAX_LANES * 8];
  struct lanes lanes = {.first = first, .count = count, .done = 0, .state = state};
  init_lanes(SHA1, state, count);
  run_lanes(worker, &lanes);
}
