/*
 * SHA-1 on the SHA extensions. One stream waits on the latency of sha1rnds4
 * most of the time, so up to four independent streams are interleaved.
 */
#include "kernels.h"

#ifdef BTKIT_X86_KERNELS

#include <immintrin.h>

#define SHANI_TARGET __attribute__((target("sha,ssse3,sse4.1")))
#define SHANI_INLINE static inline __attribute__((always_inline)) SHANI_TARGET
#define MAX_STREAMS 4

/*
 * Four rounds, i of 20. m[i & 3] holds words 4i..4i+3, highest word first; from
 * the fifth step on it is computed from the four vectors before it. The `e` of
 * four rounds is the `a` of four rounds ago, rotated: sha1nexte does that.
 */
#define FOUR_ROUNDS(i)                                                         \
  for (int s = 0; s < streams; s++) {                                          \
    if ((i) >= 4) {                                                            \
      const __m128i old = _mm_sha1msg1_epu32(m[s][(i) & 3], m[s][((i) + 1) & 3]); \
      m[s][(i) & 3] = _mm_sha1msg2_epu32(_mm_xor_si128(old, m[s][((i) + 2) & 3]), \
                                         m[s][((i) + 3) & 3]);                 \
    }                                                                          \
    const __m128i next = (i) == 0 ? _mm_add_epi32(e[s], m[s][0])               \
                                  : _mm_sha1nexte_epu32(before[s], m[s][(i) & 3]); \
    before[s] = abcd[s];                                                       \
    abcd[s] = _mm_sha1rnds4_epu32(abcd[s], next, (i) / 5);                     \
  }

SHANI_INLINE void sha1_streams(uint32_t *state, const uint8_t *const *data, size_t blocks,
                               size_t lanes, const int streams) {
  const __m128i swap = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const uint8_t *lane[MAX_STREAMS];
  __m128i abcd[MAX_STREAMS], e[MAX_STREAMS];
  for (int s = 0; s < streams; s++) {
    const size_t from = (size_t)s < lanes ? (size_t)s : lanes - 1;
    const uint32_t *h = state + from * SHA1_WORDS;
    lane[s] = data[from];
    abcd[s] = _mm_set_epi32((int)h[0], (int)h[1], (int)h[2], (int)h[3]);
    e[s] = _mm_set_epi32((int)h[4], 0, 0, 0);
  }

  for (size_t offset = 0; offset < blocks * BLOCK_BYTES; offset += BLOCK_BYTES) {
    __m128i m[MAX_STREAMS][4], before[MAX_STREAMS], abcd0[MAX_STREAMS];
    for (int s = 0; s < streams; s++) {
      for (int i = 0; i < 4; i++) {
        const uint8_t *at = lane[s] + offset + 16 * i;
        m[s][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), swap);
      }
      abcd0[s] = abcd[s];
      before[s] = abcd[s];
    }
    FOUR_ROUNDS(0) FOUR_ROUNDS(1) FOUR_ROUNDS(2) FOUR_ROUNDS(3) FOUR_ROUNDS(4)
    FOUR_ROUNDS(5) FOUR_ROUNDS(6) FOUR_ROUNDS(7) FOUR_ROUNDS(8) FOUR_ROUNDS(9)
    FOUR_ROUNDS(10) FOUR_ROUNDS(11) FOUR_ROUNDS(12) FOUR_ROUNDS(13) FOUR_ROUNDS(14)
    FOUR_ROUNDS(15) FOUR_ROUNDS(16) FOUR_ROUNDS(17) FOUR_ROUNDS(18) FOUR_ROUNDS(19)
    for (int s = 0; s < streams; s++) {
      e[s] = _mm_sha1nexte_epu32(before[s], e[s]);
      abcd[s] = _mm_add_epi32(abcd[s], abcd0[s]);
    }
  }

  for (int s = 0; s < streams && (size_t)s < lanes; s++) {
    uint32_t *h = state + (size_t)s * SHA1_WORDS;
    h[0] = (uint32_t)_mm_extract_epi32(abcd[s], 3);
    h[1] = (uint32_t)_mm_extract_epi32(abcd[s], 2);
    h[2] = (uint32_t)_mm_extract_epi32(abcd[s], 1);
    h[3] = (uint32_t)_mm_extract_epi32(abcd[s], 0);
    h[4] = (uint32_t)_mm_extract_epi32(e[s], 3);
  }
}

#define KERNEL(n)                                                              \
  SHANI_TARGET void sha1_shani_x##n(uint32_t *state, const uint8_t *const *data, \
                                    size_t blocks, size_t lanes) {           \
    sha1_streams(state, data, blocks, lanes, n);                              \
  }

KERNEL(1)
KERNEL(2)
KERNEL(3)
KERNEL(4)

#endif
