#ifndef BTKIT_CONTENT_STREAM_H
#define BTKIT_CONTENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In place of a directory: the file is padding, and all its bytes are zeros (BEP 47). */
#define PADDING UINT32_MAX

/* The bytes that a torrent describes: its files one after the other, cut into pieces. */
struct content_stream {
  /*
   * Where files are read: the number of each one's directory, and where its name begins in all names.
   * Directories end with a slash; names in the empty one are whole paths.
   */
  const char **directories;
  const uint32_t *directory_of;
  const char *names;
  const uint32_t *name_at;
  /* Device and inode of the file that each path must still lead to; NULL: any file. */
  const uint64_t *identities;
  /*
   * Where to note that a program has a file open for writing when it is opened here: 1 for each such
   * file (read_lease.h). NULL: nobody asks.
   */
  uint8_t *written;
  /* Whether such a file is refused. */
  bool refuses_written;
  /* Where each file begins, and at the end the length of the whole. */
  const double *offsets;
  size_t file_count;
  uint64_t piece_length;
};

/* Where a file begins, or the one before it ends. */
static inline uint64_t offset_of(const struct content_stream *stream, size_t file) {
  return (uint64_t)stream->offsets[file];
}

uint64_t stream_length(const struct content_stream *stream);
uint64_t count_pieces(const struct content_stream *stream);

/* The index of the file that holds the byte at `position`. */
size_t file_at(const struct content_stream *stream, uint64_t position);

bool is_padding(const struct content_stream *stream, size_t file);

/*
 * The bytes of a piece that are of a file and not of its padding, in a stream whose files begin on
 * piece boundaries: they are at the start of the piece, and there is no other file in it.
 */
uint64_t bytes_of_file(const struct content_stream *stream, uint64_t piece);

#endif
