#define _GNU_SOURCE
#include "open_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../read_lease.h"

/* Longer than any path that the system accepts. */
#define MAX_PATH 8192

/* A directory through which files are opened need not be readable. */
#ifdef O_PATH
#define THROUGH O_PATH
#else
#define THROUGH O_RDONLY
#endif

static int open_again(int directory, const char *path, int flags) {
  int descriptor;
  do {
    descriptor = openat(directory, path, flags | O_RDONLY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

/* A pipe that replaced the file may have got its inode number. */
static bool is_same_file(int descriptor, const uint64_t *identity) {
  struct stat stats;
  return fstat(descriptor, &stats) == 0 && S_ISREG(stats.st_mode) &&
         (uint64_t)stats.st_dev == identity[0] && (uint64_t)stats.st_ino == identity[1];
}

static void close_directory(struct open_files *files) {
  if (files->directory_number != 0 && files->directory >= 0) close(files->directory);
  files->directory_number = 0;
}

/* Whether a file near it is in the same directory. Between two files there may be padding. */
static bool has_neighbour(const struct content_stream *stream, size_t file) {
  const size_t from = file < 2 ? 0 : file - 2;
  for (size_t i = from; i <= file + 2 && i < stream->file_count; i++) {
    if (i != file && stream->directory_of[i] == stream->directory_of[file]) return true;
  }
  return false;
}

/* Returns the open directory of a file, or a negative number if to open it is not worth it or fails. */
static int open_directory(struct open_files *files, const struct content_stream *stream, size_t file) {
  const uint32_t number = stream->directory_of[file];
  if (files->directory_number == number + 1) return files->directory;
  if (stream->directories[number][0] == '\0' || !has_neighbour(stream, file)) return -1;
  close_directory(files);
  files->directory_number = number + 1;
  files->directory = open(stream->directories[number], THROUGH | O_DIRECTORY | O_CLOEXEC);
  return files->directory;
}

/* The path of a file, relative to a directory. */
struct place {
  int directory;
  const char *path;
  char whole[MAX_PATH];
};

/* Finds the place of a file. Returns false with errno if its path is too long for any. */
static bool find_place(struct open_files *files, const struct content_stream *stream, size_t file,
                       struct place *place) {
  place->path = stream->names + stream->name_at[file];
  place->directory = open_directory(files, stream, file);
  if (place->directory >= 0) return true;
  const char *parent = stream->directories[stream->directory_of[file]];
  const size_t length = strlen(parent), name_size = strlen(place->path) + 1;
  if (length + name_size > sizeof place->whole) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(place->whole, parent, length);
  memcpy(place->whole + length, place->path, name_size);
  place->directory = AT_FDCWD;
  place->path = place->whole;
  return true;
}

int stat_file(struct open_files *files, const struct content_stream *stream, size_t file,
              struct stat *stats) {
  struct place place;
  if (!find_place(files, stream, file, &place)) return -1;
  return fstatat(place.directory, place.path, stats, AT_SYMLINK_NOFOLLOW);
}

static int32_t check_same_file(int *descriptor, const uint64_t *identity) {
  if (*descriptor < 0) {
    /* FreeBSD reports EMLINK, other systems ELOOP */
    return errno == ELOOP || errno == EMLINK ? WAS_REPLACED : -errno;
  }
  if (is_same_file(*descriptor, identity)) return 0;
  close(*descriptor);
  *descriptor = -1;
  return WAS_REPLACED;
}

/* Takes a lease on a file that was opened; notes a file that a program has open for writing. */
static int32_t heed_writers(const struct content_stream *stream, size_t file, int descriptor) {
  if (stream->written == NULL || take_read_lease(descriptor) != EAGAIN) return 0;
  __atomic_store_n(&stream->written[file], 1, __ATOMIC_RELAXED);
  return stream->refuses_written ? IS_WRITTEN : 0;
}

int32_t open_once(struct open_files *files, const struct content_stream *stream, size_t file,
                  int *descriptor) {
  const uint64_t *identity = stream->identities == NULL ? NULL : stream->identities + 2 * file;
  const int flags = identity == NULL ? 0 : O_NOFOLLOW | O_NONBLOCK;
  struct place place;
  *descriptor = find_place(files, stream, file, &place)
                    ? open_again(place.directory, place.path, flags)
                    : -1;
  int32_t refusal = identity != NULL       ? check_same_file(descriptor, identity)
                    : *descriptor < 0 ? -errno
                                      : 0;
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
    entry->known = (struct extent){.end = 0};
    entry->refusal = open_once(files, stream, file, &entry->descriptor);
    /* A program that wants to write must not wait until the file is read */
    if (entry->refusal == 0 && stream->written != NULL) give_back_lease(entry->descriptor);
  }
  entry->last_use = ++files->uses;
  *descriptor = entry->descriptor;
  return entry->refusal;
}

bool lies_in_hole(struct open_files *files, const struct content_stream *stream, size_t file,
                  struct range range) {
  const uint64_t size = offset_of(stream, file + 1) - offset_of(stream, file);
  int descriptor;
  if (size <= SMALL_FILE || open_file(files, stream, file, &descriptor) != 0) return false;
  return is_hole(descriptor, &find(files, file)->known, range);
}

void close_files(struct open_files *files) {
  close_directory(files);
  for (size_t i = 0; i < files->count; i++) close_entry(&files->entries[i]);
  files->count = 0;
}
