#include "hash_blocks.h"

#include "block_queue.h"
#include "buffer.h"
#include "zeros.h"

/* Bytes that a disk reads in advance while blocks are hashed. */
#define AHEAD ((uint64_t)2 * 1024 * 1024)

/* Consecutive blocks of one file. */
struct blocks {
  uint64_t position;
  uint64_t length; /* in bytes; the last block may be short */
  size_t number;   /* of the first block */
};

static size_t at_most(uint64_t value, size_t limit) { return value < limit ? (size_t)value : limit; }

/*
 * Returns the blocks in a piece and in the following pieces of the same file; *piece becomes the
 * next piece.
 */
static struct blocks find_blocks(const struct hash_job *job, size_t *piece, size_t end) {
  const struct content_stream *stream = &job->stream;
  const uint64_t index = job_piece(job, *piece);
  struct blocks blocks = {.position = index * stream->piece_length,
                          .length = bytes_of_file(stream, index),
                          .number = job->first_blocks[*piece]};
  const uint64_t file_end = offset_of(stream, file_at(stream, blocks.position) + 1);
  for (++*piece; *piece < end; ++*piece) {
    const uint64_t next = job_piece(job, *piece) * stream->piece_length;
    if (next != blocks.position + blocks.length || next >= file_end) break;
    blocks.length += bytes_of_file(stream, job_piece(job, *piece));
  }
  return blocks;
}

/* Reads blocks one by one; a block is in one piece. Returns false if the job is stopped. */
static bool read_one_by_one(struct reader *reader, const struct blocks *blocks,
                            uint8_t *const *targets) {
  for (uint64_t done = 0; done < blocks->length; done += FILE_BLOCK) {
    const size_t length = at_most(blocks->length - done, FILE_BLOCK);
    if (!read_stretch(reader, blocks->position + done, targets[done / FILE_BLOCK], length)) {
      return false;
    }
  }
  return true;
}

/* Reads blocks, whole ones together if possible. Returns false if the job is stopped. */
static bool read_blocks(struct reader *reader, const struct blocks *blocks,
                        uint8_t *const *targets) {
  const struct buffers whole = {targets, (size_t)(blocks->length / FILE_BLOCK), FILE_BLOCK};
  const uint64_t together = (uint64_t)whole.count * FILE_BLOCK;
  if (whole.count < 2 || !read_together(reader, blocks->position, &whole)) {
    return read_one_by_one(reader, blocks, targets);
  }
  const struct blocks rest = {blocks->position + together, blocks->length - together, 0};
  return read_one_by_one(reader, &rest, targets + whole.count);
}

/* Takes as many blocks as fit; the next call continues after them. */
static bool take_blocks(struct worker *worker, struct blocks *blocks, struct block_queue *queue,
                        uint8_t *const *buffers) {
  struct hash_job *job = worker->reader.job;
  struct blocks some = *blocks;
  uint8_t *const *targets = buffers + queue->count;
  some.length = at_most(blocks->length, (MAX_LANES - queue->count) * FILE_BLOCK);
  if (!read_blocks(&worker->reader, &some, targets)) return false;
  blocks->position += some.length;
  blocks->length -= some.length;
  if (worker->reader.is_cold && blocks->length > 0) {
    read_ahead(&worker->reader, blocks->position, at_most(blocks->length, AHEAD));
  }
  for (uint64_t done = 0; done < some.length; done += FILE_BLOCK) {
    queue_block(queue, job, blocks->number++, targets[done / FILE_BLOCK],
                at_most(some.length - done, FILE_BLOCK));
  }
  if (job->next_turn == NULL) {
    note_progress(job, some.length, file_at(&job->stream, some.position));
  }
  return true;
}

/* Takes the whole blocks at the start that have only zeros, without reading them. */
static void take_zeros(struct worker *worker, struct blocks *blocks) {
  struct hash_job *job = worker->reader.job;
  const struct blocks before = *blocks;
  while (blocks->length >= FILE_BLOCK && is_zeros(&worker->reader, blocks->position, FILE_BLOCK)) {
    blocks->position += FILE_BLOCK;
    blocks->length -= FILE_BLOCK;
    blocks->number++;
  }
  const size_t count = blocks->number - before.number;
  if (count == 0) return;
  set_zero_blocks(worker, before.number, count);
  note_progress(job, before.length - blocks->length, file_at(&job->stream, before.position));
}

void hash_blocks_of(struct worker *worker, size_t first, size_t end) {
  struct hash_job *job = worker->reader.job;
  struct block_queue queue = {.count = 0};
  uint8_t *buffers[MAX_LANES];
  if (!lay_buffers(worker, buffers, MAX_LANES, FILE_BLOCK)) return;
  for (size_t piece = first; piece < end && !is_stopped(job);) {
    struct blocks blocks = find_blocks(job, &piece, end);
    for (take_zeros(worker, &blocks); blocks.length > 0; take_zeros(worker, &blocks)) {
      if (!take_blocks(worker, &blocks, &queue, buffers)) return;
    }
  }
  hash_queued(&queue, job);
}
