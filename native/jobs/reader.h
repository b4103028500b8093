#ifndef BTKIT_READER_H
#define BTKIT_READER_H

#include "../stream/open_files.h"
#include "job.h"

/* Reads ranges of a job's stream for one thread. */
struct reader {
  struct hash_job *job;
  struct open_files files;
  /*
   * Whether something was not in the page cache, so that a disk has to be read. Reads then have an
   * order and a size that suit disks. Always true if the rate is limited. The caller resets it.
   */
  bool is_cold;
  /*
   * Whether read_stretch gives up at data outside the page cache: it then returns false, and the
   * reader has become cold. For callers that read in any order, and must read disks in order.
   */
  bool turns_back;
  /* Parts of files so far, and how often the thread had waited before its batch. */
  size_t parts;
  long waited;
};

/*
 * Fills `target` with the stream's bytes from `position` on, all of one piece. Unreadable bytes
 * count as zeros if the job records failures; otherwise the job fails. Returns false if the job is
 * stopped. Records the progress of jobs with a limited rate, because they may take long.
 */
bool read_stretch(struct reader *reader, uint64_t position, uint8_t *target, size_t length);

/* Whether a range lies in one pad file or one hole of a file, so that all its bytes are zeros. */
bool is_zeros(struct reader *reader, uint64_t position, uint64_t length);

/* Buffers of the same length to fill one after the other. */
struct buffers {
  uint8_t *const *data;
  size_t count;
  size_t length;
};

/*
 * Fills buffers in one system call, if the range lies in one file, and in the page cache unless the
 * reader is cold. Otherwise returns false, and the content of the buffers is undefined;
 * read_stretch gives the reason.
 */
bool read_together(struct reader *reader, uint64_t position, const struct buffers *buffers);

/* Makes the system begin to read a range, if the file at its start is open. */
void read_ahead(struct reader *reader, uint64_t position, uint64_t length);

#endif
