#define _GNU_SOURCE
#include "open_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../read_lease.h"

static int open_again(const char *path, int flags) {
  int descriptor;
  do {
    descriptor = open(path, flags | O_RDONLY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

/* A pipe that replaced the file may have got its inode number. */
static bool is_same_file(int descriptor, const uint64_t *identity) {
  struct stat stats;
  return fstat(descriptor, &stats) == 0 && S_ISREG(stats.st_mode) &&
         (uint64_t)stats.st_dev == identity[0] && (uint64_t)stats.st_ino == identity[1];
}

static int32_t open_same_file(const char *path, const uint64_t *identity, int *descriptor) {
  *descriptor = open_again(path, O_NOFOLLOW | O_NONBLOCK);
  if (*descriptor < 0) {
    /* FreeBSD reports EMLINK, other systems ELOOP */
    return errno == ELOOP || errno == EMLINK ? WAS_REPLACED : -errno;
  }
  if (is_same_file(*descriptor, identity)) return 0;
  close(*descriptor);
  *descriptor = -1;
  return WAS_REPLACED;
}

static int32_t open_any_file(const char *path, int *descriptor) {
  *descriptor = open_again(path, 0);
  return *descriptor < 0 ? -errno : 0;
}

/* Takes a lease on a file that was opened; notes a file that a program has open for writing. */
static int32_t heed_writers(const struct content_stream *stream, size_t file, int descriptor) {
  if (stream->written == NULL || take_read_lease(descriptor) != EAGAIN) return 0;
  __atomic_store_n(&stream->written[file], 1, __ATOMIC_RELAXED);
  return stream->refuses_written ? IS_WRITTEN : 0;
}

int32_t open_once(const struct content_stream *stream, size_t file, int *descriptor) {
  const char *path = stream->paths[file];
  int32_t refusal = stream->identities == NULL
                        ? open_any_file(path, descriptor)
                        : open_same_file(path, stream->identities + 2 * file, descriptor);
  if (refusal != 0) return refusal;
  refusal = heed_writers(stream, file, *descriptor);
  if (refusal == 0) return 0;
  close(*descriptor);
  *descriptor = -1;
  return refusal;
}

static void close_entry(struct open_file *entry) {
  if (entry->descriptor >= 0) close(entry->descriptor);
}

/*
 * Returns a place for one more file: a free one, or that of the file that was used least recently.
 */
static struct open_file *make_room(struct open_files *files) {
  if (files->count < MAX_OPEN_FILES) return &files->entries[files->count++];
  struct open_file *oldest = files->entries;
  for (size_t i = 1; i < files->count; i++) {
    if (files->entries[i].last_use < oldest->last_use) oldest = &files->entries[i];
  }
  close_entry(oldest);
  return oldest;
}

static struct open_file *find(struct open_files *files, size_t file) {
  for (size_t i = 0; i < files->count; i++) {
    if (files->entries[i].file == file) return &files->entries[i];
  }
  return NULL;
}

int32_t open_file(struct open_files *files, const struct content_stream *stream, size_t file,
                  int *descriptor) {
  struct open_file *entry = find(files, file);
  if (entry == NULL) {
    entry = make_room(files);
    entry->file = file;
    entry->refusal = open_once(stream, file, &entry->descriptor);
    /* A program that wants to write must not wait until the file is read */
    if (entry->refusal == 0 && stream->written != NULL) give_back_lease(entry->descriptor);
  }
  entry->last_use = ++files->uses;
  *descriptor = entry->descriptor;
  return entry->refusal;
}

void close_files(struct open_files *files) {
  for (size_t i = 0; i < files->count; i++) close_entry(&files->entries[i]);
  files->count = 0;
}
