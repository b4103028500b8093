#define _GNU_SOURCE
#include "holes.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* The unit of st_blocks. */
#define STAT_BLOCK 512

static const struct extent all_data = {0, UINT64_MAX, false};

/* Finds the extent that begins at or before a byte, and has it. */
static struct extent find_extent(int descriptor, uint64_t offset) {
#ifdef SEEK_HOLE
  struct stat stats;
  /* Most files have no holes, and are asked only once */
  if (fstat(descriptor, &stats) != 0 || stats.st_blocks >= stats.st_size / STAT_BLOCK) {
    return all_data;
  }
  const off_t data = lseek(descriptor, (off_t)offset, SEEK_DATA);
  if (data < 0) {
    /* No data behind the byte: a hole up to the end of the file */
    return errno == ENXIO ? (struct extent){offset, (uint64_t)stats.st_size, true} : all_data;
  }
  if ((uint64_t)data > offset) return (struct extent){offset, (uint64_t)data, true};
  const off_t hole = lseek(descriptor, (off_t)offset, SEEK_HOLE);
  return hole < 0 ? all_data : (struct extent){offset, (uint64_t)hole, false};
#else
  (void)descriptor, (void)offset;
  return all_data;
#endif
}

bool is_hole(int descriptor, struct extent *known, struct range range) {
  if (range.offset < known->start || range.offset >= known->end) {
    *known = find_extent(descriptor, range.offset);
  }
  return known->is_hole && range.length <= known->end - range.offset && range.offset < known->end;
}
