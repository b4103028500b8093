/*
 * Hashes many messages at once: chooses a kernel and the number of messages for it, and pads their
 * ends. Works on plain memory; the caller has checked every size (piece_hash.c for JavaScript).
 */
#ifndef BTKIT_BATCH_H
#define BTKIT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

enum algorithm { SHA1, SHA256 };
enum kernel { KERNEL_AVX512, KERNEL_AVX2, KERNEL_SHANI };

/* A state is words_of() 32-bit words in host byte order, lane after lane. */
size_t words_of(enum algorithm algorithm);
size_t digest_bytes_of(enum algorithm algorithm);

bool kernel_runs_on(const struct cpu_features *cpu, enum kernel kernel);

/* The kernel to use if the caller names none; false if there is none at all. */
bool default_kernel(const struct cpu_features *cpu, enum kernel *kernel);

/* A message to hash, and where its digest goes. */
struct message {
  const uint8_t *data;
  size_t length;
  uint8_t *digest;
};

/* The number of messages that fills every kernel. */
#define MAX_LANES 32

/* out[i * digest_bytes_of()] becomes the digest of data[i * piece_length, + piece_length). */
void hash_pieces(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                 const uint8_t *data, size_t piece_length, size_t count, uint8_t *out);

/*
 * The same for pieces of this length, and then for pieces twice as long, `doublings` times: the
 * digests of each length follow those of the shorter one. The length is a multiple of 64, and the
 * count one of 2^doublings.
 */
void hash_doublings(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                    const uint8_t *data, size_t piece_length, size_t count, unsigned doublings,
                    uint8_t *out);

/* Computes the digests of up to MAX_LANES messages of any lengths, and reorders them. */
void hash_messages(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                   struct message *messages, size_t count);

/* The same in steps, for messages that arrive in parts. */
void init_lanes(enum algorithm algorithm, uint32_t *state, size_t lanes);

/* Advances lane i over data[i][0, + length); length is a multiple of 64. */
void update_lanes(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                  uint32_t *state, const uint8_t *const *data, size_t length, size_t lanes);

/* Ends lane i with tail[i][0, + length); `total` is its length in bytes. */
void finish_lanes(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                  uint32_t *state, const uint8_t *const *tail, size_t length, uint64_t total,
                  size_t lanes, uint8_t *out);

#endif
