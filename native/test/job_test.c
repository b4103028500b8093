/*
 * Tests jobs over files on a disk by several threads at once, mainly for the sanitizers: random
 * layouts, with and without holes, whole and in part, from the page cache and without it. The results
 * are compared with those of the same bytes in memory. Also tests files that are missing, cut short,
 * replaced or open for writing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../jobs/block_queue.h"
#include "../jobs/hash_batch.h"
#include "../read_lease.h"

#define MAX_FILES 64
#define THREADS 4

static struct cpu_features cpu;
static unsigned long checks;
static uint64_t random_state = 88172645463325252u;

static uint64_t below(uint64_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % limit;
}

static void *must(void *memory) {
  if (memory == NULL) exit(2);
  return memory;
}

static void expect(bool is_true, const char *what) {
  checks++;
  if (is_true) return;
  printf("job_test: %s\n", what);
  exit(1);
}

struct layout {
  char directory[64];
  char (*names)[96];
  const char *paths[MAX_FILES];
  char prefix[65];
  const char *directories[1];
  uint32_t directory_of[MAX_FILES], name_at[MAX_FILES];
  double offsets[MAX_FILES + 1];
  uint64_t identities[2 * MAX_FILES];
  struct content_stream stream;
  uint8_t *content;
};

#define DISK_BLOCK ((uint64_t)4096)

/* Writes a file, and leaves out blocks of zeros, which become holes. */
static bool write_sparsely(int descriptor, const uint8_t *data, uint64_t length) {
  static const uint8_t zeros[DISK_BLOCK];
  for (uint64_t at = 0; at < length; at += DISK_BLOCK) {
    const size_t part = length - at < DISK_BLOCK ? length - at : DISK_BLOCK;
    if (memcmp(data + at, zeros, part) == 0) continue;
    if (pwrite(descriptor, data + at, part, (off_t)at) != (ssize_t)part) return false;
  }
  return ftruncate(descriptor, (off_t)length) == 0;
}

/* Writes a file, and optionally drops it from the page cache. */
static void plant(struct layout *layout, size_t file, const uint8_t *data, uint64_t length) {
  snprintf(layout->names[file], sizeof layout->names[file], "%s/%zu", layout->directory, file);
  layout->paths[file] = layout->names[file];
  layout->name_at[file] = (uint32_t)(file * sizeof layout->names[file] + strlen(layout->prefix));
  const int descriptor = open(layout->names[file], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  expect(descriptor >= 0 && write_sparsely(descriptor, data, length), "can't write");
  struct stat stats;
  fstat(descriptor, &stats);
  layout->identities[2 * file] = stats.st_dev;
  layout->identities[2 * file + 1] = stats.st_ino;
#ifdef POSIX_FADV_DONTNEED
  if (below(2) == 0) {
    fsync(descriptor);
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  }
#endif
  close(descriptor);
}

/* Fills a file with data, and half of all files with stretches of zeros between it. */
static void fill(struct layout *layout, uint64_t position, uint64_t length) {
  const bool is_sparse = below(2) == 0;
  bool is_data = true;
  for (uint64_t at = 0, end = 0; at < length; at++) {
    if (at == end) {
      is_data = !is_sparse || below(2) == 0;
      end += 1 + below(below(2) == 0 ? 2 * layout->stream.piece_length : 40000);
    }
    const uint64_t byte = at * 7 + position + (at >> 9);
    layout->content[position + at] = is_data ? (uint8_t)byte : 0;
  }
}

/* Files of random sizes; aligned ones begin on piece boundaries, with padding before them. */
static struct layout *create_layout(size_t count, uint64_t piece_length, bool is_aligned) {
  struct layout *layout = must(calloc(1, sizeof *layout));
  layout->names = must(calloc(MAX_FILES, sizeof *layout->names));
  const char *tmp = getenv("TMPDIR");
  snprintf(layout->directory, sizeof layout->directory, "%.30s/job_test.XXXXXX",
           tmp == NULL ? "/tmp" : tmp);
  expect(mkdtemp(layout->directory) != NULL, "no directory");
  /* Names below a directory, or whole paths */
  if (below(2) == 0) snprintf(layout->prefix, sizeof layout->prefix, "%s/", layout->directory);
  layout->directories[0] = layout->prefix;
  const uint64_t room = count * (5 * piece_length + 100000);
  layout->content = must(calloc(1, room));
  layout->stream.piece_length = piece_length;
  uint64_t position = 0;
  size_t files = 0;
  while (files + 2 < count) {
    const uint64_t length = 1 + below(below(2) == 0 ? 30000 : 4 * piece_length);
    fill(layout, position, length);
    plant(layout, files, layout->content + position, length);
    layout->offsets[files++] = (double)position;
    position += length;
    if (is_aligned && position % piece_length != 0) {
      layout->directory_of[files] = PADDING;
      layout->offsets[files++] = (double)position;
      position += piece_length - position % piece_length;
    }
  }
  layout->offsets[files] = (double)position;
  layout->stream = (struct content_stream){.directories = layout->directories,
                                           .directory_of = layout->directory_of,
                                           .names = layout->names[0],
                                           .name_at = layout->name_at,
                                           .offsets = layout->offsets,
                                           .file_count = files,
                                           .piece_length = piece_length};
  if (below(2) == 0) layout->stream.identities = layout->identities;
  return layout;
}

static void remove_layout(struct layout *layout) {
  for (size_t i = 0; i < layout->stream.file_count; i++) {
    if (!is_padding(&layout->stream, i)) unlink(layout->paths[i]);
  }
  rmdir(layout->directory);
  free(layout->content);
  free(layout->names);
  free(layout);
}

/* A job, and the memory that its results go to. */
struct run {
  struct hash_job job;
  int32_t control[CONTROLS];
  int64_t progress;
  int64_t next_turn;
  uint32_t *pieces;
  uint32_t *first_blocks;
};

static struct run *create_run(const struct layout *layout, enum kernel kernel) {
  struct run *run = must(calloc(1, sizeof *run));
  struct hash_job *job = &run->job;
  const uint64_t all = count_pieces(&layout->stream);
  job->cpu = &cpu;
  job->kernel = kernel;
  job->stream = layout->stream;
  job->control = run->control;
  job->progress = &run->progress;
  job->is_in_order = below(2) == 0;
  run->pieces = must(malloc((all + 1) * sizeof *run->pieces));
  for (uint64_t i = 0; i < all; i++) {
    if (below(4) > 0) run->pieces[job->piece_count++] = (uint32_t)i;
  }
  if (below(2) == 0) {
    job->piece_count = all;
  } else {
    job->pieces = run->pieces;
  }
  job->is_done = must(calloc(all + 1, 1));
  job->plan = (struct batch_plan){1 + below(70), 0, 1 + below(40)};
  job->plan.full_batches = below(job->piece_count / job->plan.pieces_per_batch + 1);
  return run;
}

static void want_pieces(struct run *run) {
  run->job.piece_digests = must(calloc(run->job.piece_count + 1, 20));
}

static void want_blocks(struct run *run) {
  struct hash_job *job = &run->job;
  run->first_blocks = must(calloc(job->piece_count + 1, sizeof *run->first_blocks));
  for (size_t i = 0; i < job->piece_count; i++) {
    const uint64_t bytes = bytes_of_file(&job->stream, job_piece(job, i));
    run->first_blocks[i + 1] =
        run->first_blocks[i] + (uint32_t)((bytes + FILE_BLOCK - 1) / FILE_BLOCK);
  }
  job->first_blocks = run->first_blocks;
  job->block_count = run->first_blocks[job->piece_count];
  job->block_digests = must(calloc(job->block_count + 1, 32));
}

static void free_run(struct run *run) {
  free(run->pieces);
  free(run->first_blocks);
  free(run->job.is_done);
  free(run->job.piece_digests);
  free(run->job.block_digests);
  free(run->job.failed_pieces);
  free(run->job.reasons);
  free(run);
}

static void *work(void *data) {
  struct worker worker = {.buffer = NULL};
  run_share(data, &worker);
  free_buffer(&worker);
  return NULL;
}

static void run_threads(struct run *run) {
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    expect(pthread_create(&threads[i], NULL, work, &run->job) == 0, "no thread");
  }
  for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void check_pieces(const struct layout *layout, const struct run *run) {
  const struct hash_job *job = &run->job;
  const uint64_t length = layout->stream.piece_length;
  for (size_t i = 0; i < job->piece_count; i++) {
    const uint64_t position = job_piece(job, i) * length;
    const uint64_t rest = stream_length(&layout->stream) - position;
    uint8_t digest[20];
    if (job->failed_pieces != NULL && job->failed_pieces[job_piece(job, i)] != 0) continue;
    hash_pieces(&cpu, job->kernel, SHA1, layout->content + position,
                rest < length ? rest : length, 1, digest);
    expect(memcmp(digest, job->piece_digests + 20 * i, 20) == 0, "wrong piece");
  }
}

static void check_blocks(const struct layout *layout, const struct run *run) {
  const struct hash_job *job = &run->job;
  for (size_t i = 0; i < job->piece_count; i++) {
    const uint64_t piece = job_piece(job, i), bytes = bytes_of_file(&layout->stream, piece);
    const uint8_t *data = layout->content + piece * layout->stream.piece_length;
    for (uint64_t at = 0, number = run->first_blocks[i]; at < bytes; at += FILE_BLOCK, number++) {
      uint8_t digest[32];
      const uint64_t left = bytes - at;
      hash_pieces(&cpu, job->kernel, SHA256, data + at, left < FILE_BLOCK ? left : FILE_BLOCK, 1,
                  digest);
      expect(memcmp(digest, job->block_digests + 32 * number, 32) == 0, "wrong block");
    }
  }
}

static void test_layout(enum kernel kernel, uint64_t piece_length, bool is_aligned) {
  struct layout *layout = create_layout(3 + below(MAX_FILES - 3), piece_length, is_aligned);
  for (int turn = 0; turn < 4; turn++) {
    struct run *run = create_run(layout, kernel);
    const bool blocks = is_aligned && piece_length % FILE_BLOCK == 0 && turn > 0;
    const bool pieces = !blocks || turn > 1;
    if (pieces) want_pieces(run);
    if (blocks) want_blocks(run);
    if (turn == 3) {
      run->job.next_turn = &run->next_turn;
      run->job.bytes_per_second = 1e10;
    }
    run_threads(run);
    expect(run->job.failure == 0, "failed");
    for (size_t i = 0; i < run->job.piece_count; i++) expect(run->job.is_done[i] == 1, "not done");
    if (pieces) check_pieces(layout, run);
    if (blocks) check_blocks(layout, run);
    free_run(run);
  }
  remove_layout(layout);
}

/*
 * One file is missing and one is cut short: without records the job fails, with them the rest is
 * hashed.
 */
static void test_failures(enum kernel kernel) {
  struct layout *layout = create_layout(40, 16384, false);
  unlink(layout->paths[3]);
  expect(truncate(layout->paths[20], 0) == 0, "can't truncate");
  struct run *run = create_run(layout, kernel);
  run->job.pieces = NULL;
  run->job.piece_count = count_pieces(&layout->stream);
  want_pieces(run);
  run_threads(run);
  expect((run->job.failed_file == 3 && run->job.failure == -ENOENT) ||
             (run->job.failed_file == 20 && run->job.failure == BECAME_SHORTER),
         "another failure");
  free_run(run);

  run = create_run(layout, kernel);
  run->job.pieces = NULL;
  run->job.piece_count = count_pieces(&layout->stream);
  want_pieces(run);
  run->job.failed_pieces = must(calloc(run->job.piece_count, 1));
  run->job.reasons = must(calloc(layout->stream.file_count, sizeof *run->job.reasons));
  run_threads(run);
  expect(run->job.failure == 0, "failed in spite of notes");
  expect(run->job.reasons[3] == -ENOENT && run->job.reasons[20] == 1, "not noted");
  expect(run->job.failed_pieces[(size_t)layout->offsets[3] / 16384] == 1, "piece not noted");
  check_pieces(layout, run);
  free_run(run);
  remove_layout(layout);
}

static void test_replaced(enum kernel kernel) {
  struct layout *layout = create_layout(5, 16384, false);
  layout->stream.identities = layout->identities;
  struct run *run = create_run(layout, kernel);
  run->job.pieces = NULL;
  run->job.piece_count = count_pieces(&layout->stream);
  want_pieces(run);
  unlink(layout->paths[1]);
  expect(symlink(layout->paths[0], layout->paths[1]) == 0, "can't link");
  run_threads(run);
  expect(run->job.failure == WAS_REPLACED && run->job.failed_file == 1, "link followed");
  free_run(run);
  remove_layout(layout);
}

/* One file is open for writing: it is noted, and refused if the job wants that. */
static void test_written(enum kernel kernel) {
  struct layout *layout = create_layout(40, 16384, false);
  const int reader = open(layout->paths[8], O_RDONLY);
  const bool has_leases = reader >= 0 && take_read_lease(reader) == 0;
  close(reader);
  const int writer = open(layout->paths[7], O_WRONLY);
  expect(writer >= 0, "can't open");
  for (int refuses = 0; has_leases && refuses < 2; refuses++) {
    struct run *run = create_run(layout, kernel);
    uint8_t *written = must(calloc(layout->stream.file_count, 1));
    run->job.stream.written = written;
    run->job.stream.refuses_written = refuses == 1;
    run->job.pieces = NULL;
    run->job.piece_count = count_pieces(&layout->stream);
    want_pieces(run);
    run_threads(run);
    expect(written[7] == 1 && written[6] == 0, "writer not noted");
    if (refuses) {
      expect(run->job.failure == IS_WRITTEN && run->job.failed_file == 7, "writer not refused");
    } else {
      check_pieces(layout, run);
    }
    free_run(run);
    free(written);
  }
  close(writer);
  remove_layout(layout);
}

int main(void) {
  static const uint64_t lengths[] = {16384, 65536, 1000, 12345, 1u << 20};
  cpu = detect_cpu();
  for (int kernel = KERNEL_AVX512; kernel <= KERNEL_SHANI; kernel++) {
    if (!kernel_runs_on(&cpu, kernel)) continue;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
      test_layout(kernel, lengths[i], false);
      test_layout(kernel, lengths[i], true);
    }
    test_failures(kernel);
    test_replaced(kernel);
    test_written(kernel);
  }
  printf("job_test: %lu checks passed\n", checks);
  return 0;
}
