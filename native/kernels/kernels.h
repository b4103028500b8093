#ifndef BTKIT_KERNELS_H
#define BTKIT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_WORDS 5
#define SHA256_WORDS 8
#define BLOCK_BYTES 64

/*
 * The form of every kernel: it advances up to `lanes` hash states, lane i over the `blocks` 64-byte
 * blocks at data[i]. The states lie one after the other (lane-major: words of lane 0, words of lane
 * 1, ...) in host byte order. 1 <= lanes <= the number in the kernel's name. A kernel with fewer
 * lanes than it has computes its last lane several times. It never reads or writes beyond the given
 * lanes.
 */
typedef void compress_fn(uint32_t *state, const uint8_t *const *data, size_t blocks,
                         size_t lanes);

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define BTKIT_X86_KERNELS 1

compress_fn sha1_avx512_x16, sha1_avx512_x32;
compress_fn sha1_avx2_x8;
compress_fn sha1_shani_x1, sha1_shani_x2, sha1_shani_x3, sha1_shani_x4;

compress_fn sha256_avx512_x16, sha256_avx512_x32;
compress_fn sha256_avx2_x8;
compress_fn sha256_shani_x1, sha256_shani_x2, sha256_shani_x3, sha256_shani_x4;

#endif

#endif
