/*
 * A job: pieces of a stream to read and hash, shared by any number of threads. JavaScript shares
 * the memory that changes. It can stop the job there, and see its progress.
 */
#ifndef BTKIT_JOB_H
#define BTKIT_JOB_H

#include "../batch.h"
#include "../stream/content_stream.h"

/*
 * The words of `control`, which only atomic operations touch: the number of the next batch, which a
 * thread takes by adding 1; 1 as soon as all threads must stop; the number of a file that is being
 * read. Without the accelerator, src/disk/hash/jobs/ uses the same words.
 */
enum { NEXT_BATCH, STOPPED, CURRENT_FILE, CONTROLS };

/* The division of a job's pieces into batches: many of one size, then some smaller ones. */
struct batch_plan {
  size_t pieces_per_batch;
  size_t full_batches;
  size_t pieces_per_rest;
};

struct hash_job {
  const struct cpu_features *cpu;
  enum kernel kernel;
  struct content_stream stream;
  const uint32_t *pieces; /* the indices of the pieces to hash, in order; NULL: all */
  size_t piece_count;
  struct batch_plan plan;
  bool is_in_order; /* whether to read from disks strictly in order */

  uint8_t *piece_digests; /* SHA-1 of each of these pieces, or NULL */
  uint8_t *block_digests; /* SHA-256 of each block of files in them (BEP 52), or NULL */
  const uint32_t *first_blocks; /* the number of the first block of each piece */
  size_t block_count;

  int32_t *control;
  int64_t *progress; /* bytes hashed so far */
  uint8_t *is_done;  /* 1 for each of these pieces whose digests are there; only set atomically */

  int64_t *next_turn; /* when the next read may begin, in ns of CLOCK_MONOTONIC; NULL: at once */
  double bytes_per_second;

  /* Called by a thread that waits for a disk again and again; NULL if no other may help. */
  void (*call_help)(struct hash_job *job);

  /* Where to note what can't be read: 1 for each piece, the reason for each file. NULL: fail. */
  uint8_t *failed_pieces;
  int32_t *reasons;

  /* Why the job failed, and at which file; see open_files.h. */
  int32_t failure;
  size_t failed_file;
};

/* The most bytes to read at once if the rate is limited, so that reads are spread evenly. */
#define THROTTLED_READ (256 * 1024)

size_t take_batch(struct hash_job *job);
bool is_stopped(const struct hash_job *job);
void stop_job(struct hash_job *job);

/*
 * Returns the number of a batch's first piece; for the batch after the last, the number of pieces.
 */
size_t batch_start(const struct hash_job *job, size_t batch);

/* The index in the stream of the job's piece number `i`. */
uint64_t job_piece(const struct hash_job *job, size_t i);

void note_progress(struct hash_job *job, uint64_t bytes, size_t file);

/* Ends the job for all threads. If several fail, the first reason counts. */
void fail_job(struct hash_job *job, size_t file, int32_t reason);

/* Sleeps until the job may read `bytes` more, or is stopped. */
void await_turn(struct hash_job *job, size_t bytes);

#endif
