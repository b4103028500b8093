/* Works on files and plain memory; tree_tables.c calls it for JavaScript. */
#ifndef BTKIT_TREE_TABLE_H
#define BTKIT_TREE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A table is the same as long as nothing in it changed and the system lists it in the same order. It
 * begins with the latest time in it, in nanoseconds since 1970, as 8 bytes, little-endian. Each entry
 * is a letter, its name and a NUL:
 *
 *   f  anything but a directory: size, mtime, ctime, inode, device and mode follow, 8 bytes each
 *   l  a symbolic link, with the same words. An entry for its target follows: `t` with the real path as
 *      its name and the same words, or `x` with the number of the error and no name.
 *   d  a directory that was read: inode and device, then its entries, and a letter `e` at their end.
 *   c  a directory that may not be read, or was not asked for.
 *   h  without `all`, a hidden entry, of which only the name counts.
 */
struct tree_table {
  const char *path;
  bool is_deep;        /* whether directories below are read as well */
  bool all;            /* whether hidden entries are looked at */
  const int32_t *stop; /* ends the work when it is no longer 0 */
  uint32_t most;       /* entries that are looked at at most */
  bool has_failed;     /* a link leads to a directory, or something could not be looked at */
  bool has_more;       /* it has failed because there are more entries than that */
  int64_t latest;
  uint8_t *bytes; /* to be freed */
  size_t length;
  size_t room;
};

/*
 * Fills in a table whose first five members are set and whose others are zeros. `most` becomes the
 * number that is left.
 */
void read_tree_table(struct tree_table *table);

#endif
