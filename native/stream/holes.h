#ifndef BTKIT_HOLES_H
#define BTKIT_HOLES_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of a file, from its start. */
struct range {
  uint64_t offset;
  uint64_t length;
};

/* A stretch of a file that has only data, or is one hole. Nothing is known of an empty one. */
struct extent {
  uint64_t start;
  uint64_t end;
  bool is_hole;
};

/*
 * Whether a range of an open file lies in one hole of a sparse file, so that all its bytes are zeros.
 * Never true of bytes behind the end of the file. `known` is what an earlier call found.
 */
bool is_hole(int descriptor, struct extent *known, struct range range);

#endif
