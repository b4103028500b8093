#define _GNU_SOURCE
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../shares.h"

/* Reads from the page cache without waiting for a disk. Returns the number of bytes. */
static size_t read_cached(int descriptor, const struct iovec *targets, int count, uint64_t offset) {
#ifdef RWF_NOWAIT
  const ssize_t bytes = preadv2(descriptor, targets, count, (off_t)offset, RWF_NOWAIT);
  return bytes < 0 ? 0 : (size_t)bytes;
#else
  (void)descriptor, (void)targets, (void)count, (void)offset;
  return 0;
#endif
}

static size_t read_uncached(int descriptor, const struct iovec *targets, int count,
                            uint64_t offset) {
  const ssize_t bytes = preadv(descriptor, targets, count, (off_t)offset);
  return bytes < 0 ? 0 : (size_t)bytes;
}

static int32_t read_fully(int descriptor, uint8_t *target, size_t length, uint64_t offset) {
  for (size_t filled = 0; filled < length;) {
    const ssize_t bytes =
        pread(descriptor, target + filled, length - filled, (off_t)(offset + filled));
    if (bytes < 0 && errno != EINTR) return -errno;
    if (bytes == 0) return BECAME_SHORTER;
    if (bytes > 0) filled += (size_t)bytes;
  }
  return 0;
}

/* Not a failure: a disk is needed, and has not been asked. */
#define TURNED_BACK 4

/* Reads from an open file. Returns the reason of a failure, or 0. */
static int32_t read_open(struct reader *reader, int descriptor, uint64_t offset, uint8_t *target,
                         size_t length) {
  size_t cached = 0;
  if (!reader->is_cold) {
    const struct iovec whole = {target, length};
    cached = read_cached(descriptor, &whole, 1, offset);
    if (cached < length) reader->is_cold = true;
    if (cached < length && reader->turns_back) return TURNED_BACK;
  }
  return read_fully(descriptor, target + cached, length - cached, offset + cached);
}

/* As often as this a thread waits in a batch whose files come from a disk one by one. */
#define OFTEN 8

/* Calls for help if the thread waits again and again. */
static void heed_waiting(struct reader *reader) {
  struct hash_job *job = reader->job;
  if (job->call_help == NULL || ++reader->parts % OFTEN != 0) return;
  if (times_waited() - reader->waited >= OFTEN) job->call_help(job);
}

/* Reads from one file. Returns the reason of a failure, or 0. */
static int32_t read_file(struct reader *reader, size_t file, uint64_t offset, uint8_t *target,
                         size_t length) {
  const struct content_stream *stream = &reader->job->stream;
  const bool is_whole = length == offset_of(stream, file + 1) - offset_of(stream, file);
  const bool is_once = is_whole && length <= SMALL_FILE;
  int descriptor;
  const int32_t refusal = is_once ? open_once(&reader->files, stream, file, &descriptor)
                                  : open_file(&reader->files, stream, file, &descriptor);
  if (refusal != 0) return refusal;
  const int32_t reason = read_open(reader, descriptor, offset, target, length);
  if (is_once) close(descriptor);
  heed_waiting(reader);
  return reason;
}

/* Recorded for all files that changed; see src/hash/stream/read-failures.ts. */
#define NOTED_CHANGE 1

static void note_failure(struct reader *reader, size_t file, uint64_t piece, int32_t reason) {
  struct hash_job *job = reader->job;
  __atomic_store_n(&job->failed_pieces[piece], 1, __ATOMIC_RELAXED);
  __atomic_store_n(&job->reasons[file], reason < 0 ? reason : NOTED_CHANGE, __ATOMIC_RELAXED);
}

static bool read_or_note(struct reader *reader, uint64_t position, uint8_t *target,
                         size_t length, size_t file) {
  struct hash_job *job = reader->job;
  const uint64_t offset = position - offset_of(&job->stream, file);
  const int32_t reason = read_file(reader, file, offset, target, length);
  if (reason == 0) return true;
  if (reason == TURNED_BACK) return false;
  if (job->failed_pieces == NULL) {
    fail_job(job, file, reason);
    return false;
  }
  note_failure(reader, file, position / job->stream.piece_length, reason);
  memset(target, 0, length);
  return true;
}

/* Returns how many bytes from `position` on are of the same file and may be read at once. */
static size_t limit_length(const struct reader *reader, uint64_t position, size_t length,
                           size_t file) {
  const struct hash_job *job = reader->job;
  const uint64_t in_file = offset_of(&job->stream, file + 1) - position;
  if (in_file < length) length = (size_t)in_file;
  return job->next_turn != NULL && length > THROTTLED_READ ? THROTTLED_READ : length;
}

bool read_stretch(struct reader *reader, uint64_t position, uint8_t *target, size_t length) {
  struct hash_job *job = reader->job;
  size_t file = length == 0 ? 0 : file_at(&job->stream, position);
  while (length > 0) {
    if (is_stopped(job)) return false;
    while (offset_of(&job->stream, file + 1) <= position) file++;
    const size_t part = limit_length(reader, position, length, file);
    if (is_padding(&job->stream, file)) {
      memset(target, 0, part);
    } else {
      await_turn(job, part);
      if (!read_or_note(reader, position, target, part, file)) return false;
    }
    if (job->next_turn != NULL) note_progress(job, part, file);
    position += part;
    target += part;
    length -= part;
  }
  return true;
}

bool is_zeros(struct reader *reader, uint64_t position, uint64_t length) {
  const struct content_stream *stream = &reader->job->stream;
  const size_t file = file_at(stream, position);
  if (position + length > offset_of(stream, file + 1)) return false;
  const struct range range = {position - offset_of(stream, file), length};
  return is_padding(stream, file) || lies_in_hole(&reader->files, stream, file, range);
}

bool read_together(struct reader *reader, uint64_t position, const struct buffers *buffers) {
  struct hash_job *job = reader->job;
  const size_t file = file_at(&job->stream, position);
  const uint64_t length = (uint64_t)buffers->count * buffers->length;
  int descriptor;
  if (job->next_turn != NULL || is_padding(&job->stream, file) ||
      position + length > offset_of(&job->stream, file + 1) ||
      open_file(&reader->files, &job->stream, file, &descriptor) != 0) {
    return false;
  }
  struct iovec targets[MAX_LANES];
  for (size_t i = 0; i < buffers->count; i++) {
    targets[i] = (struct iovec){buffers->data[i], buffers->length};
  }
  const uint64_t offset = position - offset_of(&job->stream, file);
  return (reader->is_cold ? read_uncached : read_cached)(descriptor, targets, (int)buffers->count,
                                                         offset) == length;
}

void read_ahead(struct reader *reader, uint64_t position, uint64_t length) {
#ifdef POSIX_FADV_WILLNEED
  const struct content_stream *stream = &reader->job->stream;
  if (position >= stream_length(stream)) return;
  const size_t file = file_at(stream, position);
  for (size_t i = 0; i < reader->files.count; i++) {
    const struct open_file *entry = &reader->files.entries[i];
    if (entry->file != file || entry->descriptor < 0) continue;
    posix_fadvise(entry->descriptor, (off_t)(position - offset_of(stream, file)), (off_t)length,
                  POSIX_FADV_WILLNEED);
  }
#else
  (void)reader, (void)position, (void)length;
#endif
}
