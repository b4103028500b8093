#ifndef BTKIT_REPLACE_FILES_H
#define BTKIT_REPLACE_FILES_H

#include <stdint.h>

struct replacement {
  const char *from;
  const char *to;
  /* The fingerprint of what is to be there, zeros for nothing; NULL for whatever there is. */
  const uint8_t *expected;
};

/* Something else is there than was expected. */
#define NOT_EXPECTED (-1)

/*
 * Renames files, named from an open directory on, one after the other; `answers` has 0, NOT_EXPECTED or
 * the errno(3) of each. What is to be replaced is looked at right before: what somebody else has put
 * there stays.
 *
 * The room of a file that is replaced is given back when nothing holds it any more, so else within
 * rename(2), which meanwhile keeps the directory locked. On a disk that is told of each such room
 * (ext4 without a journal, mounted with `discard`) that takes a millisecond a file. So the files are
 * held until some hundred were replaced, and let go on many threads at once.
 */
void replace_files(int directory, const struct replacement *files, uint32_t count,
                   int32_t *answers);

#endif
