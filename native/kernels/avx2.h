/*
 * Shared by the AVX2 kernels of both algorithms: the vector vocabulary of sha1_wide.h and
 * sha256_wide.h, and the loading of one block of 8 lanes.
 */
#ifndef BTKIT_AVX2_H
#define BTKIT_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define WIDE_TARGET __attribute__((target("avx2")))
#define WIDE_INLINE static inline __attribute__((always_inline)) WIDE_TARGET
#define WIDE_LANES 8

typedef __m256i vec;

#define V_ADD(x, y) _mm256_add_epi32((x), (y))
#define V_XOR(x, y) _mm256_xor_si256((x), (y))
#define V_SHR(x, n) _mm256_srli_epi32((x), (n))
#define V_SET1(x) _mm256_set1_epi32((int)(x))

/* AVX2 has no rotation, and no function of three operands. */
#define V_ROTL(x, n) _mm256_or_si256(_mm256_slli_epi32((x), (n)), _mm256_srli_epi32((x), 32 - (n)))
#define V_ROTR(x, n) V_ROTL((x), 32 - (n))
#define V_XOR3(x, y, z) V_XOR(V_XOR((x), (y)), (z))
#define V_CH(x, y, z) V_XOR(_mm256_and_si256((x), V_XOR((y), (z))), (z))
#define V_MAJ(x, y, z) \
  _mm256_or_si256(_mm256_and_si256((x), (y)), _mm256_and_si256(_mm256_or_si256((x), (y)), (z)))

/* Keeps the compiler from reordering a sum across this point. */
#define V_FENCE(x) __asm__("" : "+x"(x))

WIDE_INLINE vec v_load(const uint32_t *words) {
  return _mm256_loadu_si256((const __m256i *)(const void *)words);
}

WIDE_INLINE void v_store(uint32_t *words, vec x) {
  _mm256_storeu_si256((__m256i *)(void *)words, x);
}

/* The same 16 bytes of two lanes, four lanes apart, side by side. */
WIDE_INLINE vec load_pair(const uint8_t *low, const uint8_t *high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)low)),
      _mm_loadu_si128((const __m128i *)(const void *)high), 1);
}

/* w[t] becomes big-endian word t of the block at lane[i] + offset in lane i. */
WIDE_INLINE void load_block(vec w[16], const uint8_t *const lane[WIDE_LANES], size_t offset) {
  const vec swap = _mm256_broadcastsi128_si256(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11,
                                                            4, 5, 6, 7, 0, 1, 2, 3));
  for (int q = 0; q < 4; q++) {
    vec row[4];
    for (int r = 0; r < 4; r++) {
      const size_t at = offset + 16 * (size_t)q;
      row[r] = _mm256_shuffle_epi8(load_pair(lane[r] + at, lane[r + 4] + at), swap);
    }
    const vec lo01 = _mm256_unpacklo_epi32(row[0], row[1]);
    const vec hi01 = _mm256_unpackhi_epi32(row[0], row[1]);
    const vec lo23 = _mm256_unpacklo_epi32(row[2], row[3]);
    const vec hi23 = _mm256_unpackhi_epi32(row[2], row[3]);
    w[4 * q + 0] = _mm256_unpacklo_epi64(lo01, lo23);
    w[4 * q + 1] = _mm256_unpackhi_epi64(lo01, lo23);
    w[4 * q + 2] = _mm256_unpacklo_epi64(hi01, hi23);
    w[4 * q + 3] = _mm256_unpackhi_epi64(hi01, hi23);
  }
}

#endif
