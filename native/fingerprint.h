#ifndef BTKIT_FINGERPRINT_H
#define BTKIT_FINGERPRINT_H

#include <stdint.h>
#include <sys/stat.h>

#define FINGERPRINT_LENGTH 40

/* Enters size, mtime, ctime, inode and device, as src/files/fingerprint.ts has them. */
void write_fingerprint(const struct stat *stats, uint8_t *fingerprint);

#endif
