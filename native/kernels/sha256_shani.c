/*
 * SHA-256 on the SHA extensions, up to four streams interleaved as in
 * sha1_shani.c.
 */
#include "kernels.h"

#ifdef BTKIT_X86_KERNELS

#include <immintrin.h>

#include "sha256_k.h"

#define SHANI_TARGET __attribute__((target("sha,ssse3,sse4.1")))
#define SHANI_INLINE static inline __attribute__((always_inline)) SHANI_TARGET
#define MAX_STREAMS 4

/*
 * Four rounds, i of 16. m[i & 3] holds words 4i..4i+3, lowest word first; from
 * the fifth step on it is computed from the four vectors before it. The
 * instructions keep the state as two vectors, a b e f and c d g h.
 */
#define FOUR_ROUNDS(i)                                                         \
  for (int s = 0; s < streams; s++) {                                          \
    if ((i) >= 4) {                                                            \
      const __m128i last = m[s][((i) + 3) & 3];                                \
      const __m128i seven = _mm_alignr_epi8(last, m[s][((i) + 2) & 3], 4);     \
      const __m128i old = _mm_sha256msg1_epu32(m[s][(i) & 3], m[s][((i) + 1) & 3]); \
      m[s][(i) & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(old, seven), last);   \
    }                                                                          \
    const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(sha256_k + 4 * (i))); \
    const __m128i wk = _mm_add_epi32(m[s][(i) & 3], k);                        \
    cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], wk);                     \
    abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], _mm_shuffle_epi32(wk, 0x0e)); \
  }

SHANI_INLINE void sha256_streams(uint32_t *state, const uint8_t *const *data, size_t blocks,
                                 size_t lanes, const int streams) {
  const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  const uint8_t *lane[MAX_STREAMS];
  __m128i abef[MAX_STREAMS], cdgh[MAX_STREAMS];
  for (int s = 0; s < streams; s++) {
    const size_t from = (size_t)s < lanes ? (size_t)s : lanes - 1;
    const uint32_t *h = state + from * SHA256_WORDS;
    lane[s] = data[from];
    abef[s] = _mm_set_epi32((int)h[0], (int)h[1], (int)h[4], (int)h[5]);
    cdgh[s] = _mm_set_epi32((int)h[2], (int)h[3], (int)h[6], (int)h[7]);
  }

  for (size_t offset = 0; offset < blocks * BLOCK_BYTES; offset += BLOCK_BYTES) {
    __m128i m[MAX_STREAMS][4], abef0[MAX_STREAMS], cdgh0[MAX_STREAMS];
    for (int s = 0; s < streams; s++) {
      for (int i = 0; i < 4; i++) {
        const uint8_t *at = lane[s] + offset + 16 * i;
        m[s][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), swap);
      }
      abef0[s] = abef[s];
      cdgh0[s] = cdgh[s];
    }
    FOUR_ROUNDS(0) FOUR_ROUNDS(1) FOUR_ROUNDS(2) FOUR_ROUNDS(3)
    FOUR_ROUNDS(4) FOUR_ROUNDS(5) FOUR_ROUNDS(6) FOUR_ROUNDS(7)
    FOUR_ROUNDS(8) FOUR_ROUNDS(9) FOUR_ROUNDS(10) FOUR_ROUNDS(11)
    FOUR_ROUNDS(12) FOUR_ROUNDS(13) FOUR_ROUNDS(14) FOUR_ROUNDS(15)
    for (int s = 0; s < streams; s++) {
      abef[s] = _mm_add_epi32(abef[s], abef0[s]);
      cdgh[s] = _mm_add_epi32(cdgh[s], cdgh0[s]);
    }
  }

  for (int s = 0; s < streams && (size_t)s < lanes; s++) {
    uint32_t *h = state + (size_t)s * SHA256_WORDS;
    h[0] = (uint32_t)_mm_extract_epi32(abef[s], 3);
    h[1] = (uint32_t)_mm_extract_epi32(abef[s], 2);
    h[2] = (uint32_t)_mm_extract_epi32(cdgh[s], 3);
    h[3] = (uint32_t)_mm_extract_epi32(cdgh[s], 2);
    h[4] = (uint32_t)_mm_extract_epi32(abef[s], 1);
    h[5] = (uint32_t)_mm_extract_epi32(abef[s], 0);
    h[6] = (uint32_t)_mm_extract_epi32(cdgh[s], 1);
    h[7] = (uint32_t)_mm_extract_epi32(cdgh[s], 0);
  }
}

#define KERNEL(n)                                                              \
  SHANI_TARGET void sha256_shani_x##n(uint32_t *state, const uint8_t *const *data, \
                                      size_t blocks, size_t lanes) {           \
    sha256_streams(state, data, blocks, lanes, n);                              \
  }

KERNEL(1)
KERNEL(2)
KERNEL(3)
KERNEL(4)

#endif
