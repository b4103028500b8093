#include "content_stream.h"

uint64_t stream_length(const struct content_stream *stream) {
  return offset_of(stream, stream->file_count);
}

uint64_t count_pieces(const struct content_stream *stream) {
  return (stream_length(stream) + stream->piece_length - 1) / stream->piece_length;
}

size_t file_at(const struct content_stream *stream, uint64_t position) {
  size_t low = 0, high = stream->file_count - 1;
  while (low < high) {
    const size_t middle = low + (high - low + 1) / 2;
    if (offset_of(stream, middle) <= position) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

bool is_padding(const struct content_stream *stream, size_t file) {
  return stream->directory_of[file] == PADDING;
}

uint64_t bytes_of_file(const struct content_stream *stream, uint64_t piece) {
  const uint64_t start = piece * stream->piece_length;
  const size_t file = file_at(stream, start);
  if (is_padding(stream, file)) return 0;
  const uint64_t bytes = offset_of(stream, file + 1) - start;
  return bytes < stream->piece_length ? bytes : stream->piece_length;
}
