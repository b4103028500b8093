#ifndef BTKIT_REPLACE_FILES_H
#define BTKIT_REPLACE_FILES_H

#include <stdint.h>

struct replacement {
  const char *from;
  const char *to;
  /* The fingerprint of the file that is expected; zeros for none, NULL for any. */
  const uint8_t *expected;
};

/* The file is not the expected one. */
#define NOT_EXPECTED (-1)

/*
 * Renames files of an open directory, one after the other; `answers` has 0, NOT_EXPECTED or the
 * errno(3) of each. The file to be replaced is checked right before: a file that somebody else put
 * in its place stays.
 *
 * The space of a replaced file is freed when nobody holds it any more, otherwise within rename(2),
 * which keeps the directory locked. If the disk discards freed blocks (ext4 without a journal,
 * mounted with `discard`), that takes a millisecond a file. So the files are held until some
 * hundred are replaced, and released on many threads at once.
 */
void replace_files(int directory, const struct replacement *files, uint32_t count,
                   int32_t *answers);

#endif
