#ifndef BTKIT_READER_H
#define BTKIT_READER_H

#include "../stream/open_files.h"
#include "job.h"

/* Reads stretches of a job's stream for one thread. */
struct reader {
  struct hash_job *job;
  struct open_files files;
  /*
   * Whether something was not in the page cache, so that a disk has to be read: then in an order
   * and in amounts that suit disks. Always so when the rate is limited. Set back by whoever reads.
   */
  bool is_cold;
  /*
   * Whether read_stretch turns back from what is not in the page cache: it returns false then, and
   * the reader has become cold. For who reads here and there, and is to read disks in order.
   */
  bool turns_back;
};

/*
 * Fills `target` with the stream's bytes from `position` on, all of one piece. Where they can't be
 * read they count as zeros, if the job notes that, else the job fails. False when the job is
 * stopped. Notes the progress of jobs whose rate is limited, as these may take long.
 */
bool read_stretch(struct reader *reader, uint64_t position, uint8_t *target, size_t length);

/* Whether a stretch lies in one pad file, so that all its bytes are zeros. */
bool is_zeros(const struct reader *reader, uint64_t position, size_t length);

/* Buffers to fill one after the other, each with as many bytes. */
struct buffers {
  uint8_t *const *data;
  size_t count;
  size_t length;
};

/*
 * Fills buffers in one call of the system, if the stretch lies in one file, and in the page cache
 * unless the reader is cold. False, with anything in the buffers, if not; read_stretch tells why.
 */
bool read_together(struct reader *reader, uint64_t position, const struct buffers *buffers);

/* Has the system begin to read a stretch, if the file that it begins in is open. */
void read_ahead(struct reader *reader, uint64_t position, uint64_t length);

#endif
