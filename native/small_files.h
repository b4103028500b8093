#ifndef BTKIT_SMALL_FILES_H
#define BTKIT_SMALL_FILES_H

#include <stdatomic.h>
#include <stdint.h>

#include "batch.h"
#include "fingerprint.h"

/* Bytes of an answer: a state, the fingerprint and the SHA-1 of the file. */
#define SHA1_BYTES 20
#define SMALL_FINGERPRINT_AT sizeof(int32_t)
#define SMALL_DIGEST_AT (SMALL_FINGERPRINT_AT + FINGERPRINT_LENGTH)
#define SMALL_LENGTH (SMALL_DIGEST_AT + SHA1_BYTES)

/*
 * Reads and hashes a file that is not larger than MOST_BYTES, links not followed. The answer's state
 * is READ if the file had its fingerprint from before it was opened until after it was read. It is
 * READ_WHILE_WRITTEN if a program had the file open for writing before its first byte was read: see
 * read_lease.h. For any other file the answer stays zeros.
 */
enum small_state { READ = 1, READ_WHILE_WRITTEN = 2 };

void read_small_file(const struct cpu_features *cpu, enum kernel kernel, int directory,
                     const char *path, uint8_t *answer);

/* Where the bytes of several files go, one after the other. */
struct room {
  uint8_t *bytes;
  size_t length;
  atomic_size_t used;
};

/* Bytes of the answer of load_file: a state, where the file's bytes are in the room, their number, and its fingerprint. */
#define LOADED_FINGERPRINT_AT (3 * sizeof(int32_t))
#define LOADED_LENGTH (LOADED_FINGERPRINT_AT + FINGERPRINT_LENGTH)

/* LOADED: the whole file was read. FULL: it fits the room, but not behind the files before it. */
enum loaded_state { LOADED = 1, FULL = 2 };

/*
 * Reads a regular file, links followed. The fingerprint is from before its first byte was read. For a
 * file that cannot be read, grows or does not fit the room, the answer stays zeros.
 */
void load_file(int directory, const char *path, struct room *room, uint8_t *answer);

#endif
