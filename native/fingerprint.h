#ifndef BTKIT_FINGERPRINT_H
#define BTKIT_FINGERPRINT_H

#include <stdint.h>
#include <sys/stat.h>

#define FINGERPRINT_LENGTH 40
/* Where inode and device begin. */
#define IDENTITY_AT 24

/* Writes size, mtime, ctime, inode and device in the format of src/disk/file-lists/fingerprint.ts. */
void write_fingerprint(const struct stat *stats, uint8_t *fingerprint);

/* Returns the later of mtime and ctime, in nanoseconds since 1970. */
int64_t latest_time(const struct stat *stats);

/* Writes 8 bytes, little-endian on every machine. */
void write_word(uint8_t *at, uint64_t word);

#endif
