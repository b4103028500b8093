#ifndef BTKIT_OPEN_FILES_H
#define BTKIT_OPEN_FILES_H

#include <stdint.h>
#include <sys/stat.h>

#include "content_stream.h"
#include "holes.h"

/* The reason why a file cannot be read: a negative errno, or one of these; 0 if it can. */
enum { BECAME_SHORTER = 1, WAS_REPLACED = 2, IS_WRITTEN = 3 };

/* The most descriptors that a thread keeps open: its pieces may lie in as many files. */
#define MAX_OPEN_FILES 32

struct open_file {
  size_t file;
  int descriptor;
  int32_t refusal; /* why it could not be opened; it is not tried again while it is kept */
  uint64_t last_use;
  struct extent known; /* of its bytes: the stretch that was asked for last */
};

/* The files of a stream that a thread used last, and the directory that it opened files in. */
struct open_files {
  int directory; /* its descriptor, negative if it cannot be opened */
  uint32_t directory_number; /* one more than its number; 0 for none */
  struct open_file entries[MAX_OPEN_FILES];
  size_t count;
  uint64_t uses;
};

/*
 * Opens a file, or returns its open descriptor. If its identity is given, a symbolic link or a
 * replaced file is refused, and a pipe is not waited for. The descriptor is valid until the next
 * call.
 */
int32_t open_file(struct open_files *files, const struct content_stream *stream, size_t file,
                  int *descriptor);

/* The largest file in bytes that is read while a lease on it is held. */
#define SMALL_FILE (64 * 1024)

/*
 * Opens a small file of which all bytes are read next, by one call if possible. The caller then
 * closes it.
 */
int32_t open_once(struct open_files *files, const struct content_stream *stream, size_t file,
                  int *descriptor);

/*
 * Whether a range of a file lies in one hole, so that all its bytes are zeros. Opens the file. Files
 * that are read whole by open_once have no holes.
 */
bool lies_in_hole(struct open_files *files, const struct content_stream *stream, size_t file,
                  struct range range);

/* Looks at a file, links not followed. Returns 0, or -1 with errno. */
int stat_file(struct open_files *files, const struct content_stream *stream, size_t file,
              struct stat *stats);

void close_files(struct open_files *files);

#endif
