/*
 * Shared by the AVX-512 kernels of both algorithms: the vector vocabulary of sha1_wide.h and
 * sha256_wide.h, and the loading of one block of 16 lanes.
 */
#ifndef BTKIT_AVX512_H
#define BTKIT_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define WIDE_TARGET __attribute__((target("avx512f,avx512bw,avx512vl")))
#define WIDE_LANES 16

typedef __m512i vec;

#define V_ADD(x, y) _mm512_add_epi32((x), (y))
#define V_XOR(x, y) _mm512_xor_si512((x), (y))
#define V_ROTL(x, n) _mm512_rol_epi32((x), (n))
#define V_ROTR(x, n) _mm512_ror_epi32((x), (n))
#define V_SHR(x, n) _mm512_srli_epi32((x), (n))
#define V_SET1(x) _mm512_set1_epi32((int)(x))

/* Keeps the compiler from reordering a sum across this point. */
#define V_FENCE(x) __asm__("" : "+v"(x))

/* The immediate is the truth table: bit (4x + 2y + z) is f(x, y, z). */
#define V_XOR3(x, y, z) _mm512_ternarylogic_epi32((x), (y), (z), 0x96)
#define V_CH(x, y, z) _mm512_ternarylogic_epi32((x), (y), (z), 0xca)
#define V_MAJ(x, y, z) _mm512_ternarylogic_epi32((x), (y), (z), 0xe8)

#define WIDE_INLINE static inline __attribute__((always_inline)) WIDE_TARGET

WIDE_INLINE vec v_load(const uint32_t *words) {
  return _mm512_loadu_si512((const void *)words);
}

WIDE_INLINE void v_store(uint32_t *words, vec x) {
  _mm512_storeu_si512((void *)words, x);
}

/*
 * 16 bytes at the same offset of four lanes, four lanes apart, side by side. A masked broadcast
 * from memory places 16 bytes with the load unit and a blend. It leaves the shuffle units, which
 * are scarce, to others.
 */
WIDE_INLINE vec load_quarters(const uint8_t *const *lane, size_t offset) {
#define QUARTER(i) _mm_loadu_si128((const __m128i *)(const void *)(lane[i] + offset))
  vec x = _mm512_broadcast_i32x4(QUARTER(0));
  x = _mm512_mask_broadcast_i32x4(x, 0x00f0, QUARTER(4));
  x = _mm512_mask_broadcast_i32x4(x, 0x0f00, QUARTER(8));
  return _mm512_mask_broadcast_i32x4(x, 0xf000, QUARTER(12));
#undef QUARTER
}

/* w[t] becomes big-endian word t of the block at lane[i] + offset in lane i. */
WIDE_INLINE void load_block(vec w[16], const uint8_t *const lane[WIDE_LANES], size_t offset) {
  const vec swap = _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11,
                                                       4, 5, 6, 7, 0, 1, 2, 3));
  for (int r = 0; r < 4; r++) {
    for (int q = 0; q < 4; q++) {
      w[4 * q + r] = _mm512_shuffle_epi8(load_quarters(lane + r, offset + 16 * q), swap);
    }
  }
  for (int q = 0; q < 4; q++) {
    vec *row = w + 4 * q;
    const vec lo01 = _mm512_unpacklo_epi32(row[0], row[1]);
    const vec hi01 = _mm512_unpackhi_epi32(row[0], row[1]);
    const vec lo23 = _mm512_unpacklo_epi32(row[2], row[3]);
    const vec hi23 = _mm512_unpackhi_epi32(row[2], row[3]);
    row[0] = _mm512_unpacklo_epi64(lo01, lo23);
    row[1] = _mm512_unpackhi_epi64(lo01, lo23);
    row[2] = _mm512_unpacklo_epi64(hi01, hi23);
    row[3] = _mm512_unpackhi_epi64(hi01, hi23);
  }
}

#endif
