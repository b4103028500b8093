/*
 * SHA-1 (FIPS 180-4, section 6.1.2) with one message in each 32-bit lane of a
 * vector, for any vector width (see wide.h).
 *
 * `groups` independent vectors are computed side by side. Every round waits on
 * the one before it (rotate, then add), so one vector alone leaves arithmetic
 * units idle; a second one fills the gaps.
 */
#ifndef BTKIT_SHA1_WIDE_H
#define BTKIT_SHA1_WIDE_H

#include "wide.h"

#define SHA1_EXPAND(t)                                                         \
  w[g][(t) & 15] = V_ROTL(V_XOR(V_XOR3(w[g][((t) + 13) & 15], w[g][((t) + 8) & 15], \
                                       w[g][((t) + 2) & 15]),                  \
                                w[g][(t) & 15]), 1);

/*
 * rol(a, 5) comes last of the five operands, so it must be added last: without
 * the fence compilers add it first, which doubles the chain from round to round.
 */
#define SHA1_ROUND(F, k, a, b, c, d, e, t)                                     \
  WIDE_PREFETCH(t)                                                             \
  for (int g = 0; g < groups; g++) {                                           \
    if ((t) >= 16) SHA1_EXPAND(t)                                              \
    vec sum = V_ADD(V_ADD(e[g], V_ADD(w[g][(t) & 15], k)), F(b[g], c[g], d[g])); \
    V_FENCE(sum);                                                              \
    e[g] = V_ADD(sum, V_ROTL(a[g], 5));                                        \
    b[g] = V_ROTL(b[g], 30);                                                   \
  }

/* Five rounds bring the roles of a..e back to where they began. */
#define SHA1_5(F, k, t)                                                        \
  SHA1_ROUND(F, k, a, b, c, d, e, (t))                                         \
  SHA1_ROUND(F, k, e, a, b, c, d, (t) + 1)                                     \
  SHA1_ROUND(F, k, d, e, a, b, c, (t) + 2)                                     \
  SHA1_ROUND(F, k, c, d, e, a, b, (t) + 3)                                     \
  SHA1_ROUND(F, k, b, c, d, e, a, (t) + 4)

#define SHA1_20(F, k, t)                                                       \
  SHA1_5(F, k, (t)) SHA1_5(F, k, (t) + 5) SHA1_5(F, k, (t) + 10) SHA1_5(F, k, (t) + 15)

WIDE_INLINE void sha1_wide(uint32_t *state, const uint8_t *const *data, size_t blocks,
                           size_t lanes, const int groups) {
  const uint8_t *lane[MAX_GROUPS * WIDE_LANES];
  uint32_t words[SHA1_WORDS][MAX_GROUPS * WIDE_LANES];
  for (int i = 0; i < groups * WIDE_LANES; i++) {
    const size_t from = (size_t)i < lanes ? (size_t)i : lanes - 1;
    lane[i] = data[from];
    for (int j = 0; j < SHA1_WORDS; j++) words[j][i] = state[from * SHA1_WORDS + j];
  }

  vec a[MAX_GROUPS], b[MAX_GROUPS], c[MAX_GROUPS], d[MAX_GROUPS], e[MAX_GROUPS];
  for (int g = 0; g < groups; g++) {
    a[g] = v_load(words[0] + g * WIDE_LANES);
    b[g] = v_load(words[1] + g * WIDE_LANES);
    c[g] = v_load(words[2] + g * WIDE_LANES);
    d[g] = v_load(words[3] + g * WIDE_LANES);
    e[g] = v_load(words[4] + g * WIDE_LANES);
  }

  const vec k0 = V_SET1(0x5a827999), k1 = V_SET1(0x6ed9eba1);
  const vec k2 = V_SET1(0x8f1bbcdc), k3 = V_SET1(0xca62c1d6);
  for (size_t offset = 0; offset < blocks * BLOCK_BYTES; offset += BLOCK_BYTES) {
    vec w[MAX_GROUPS][16];
    vec a0[MAX_GROUPS], b0[MAX_GROUPS], c0[MAX_GROUPS], d0[MAX_GROUPS], e0[MAX_GROUPS];
    for (int g = 0; g < groups; g++) {
      load_block(w[g], lane + g * WIDE_LANES, offset);
      a0[g] = a[g];
      b0[g] = b[g];
      c0[g] = c[g];
      d0[g] = d[g];
      e0[g] = e[g];
    }
    SHA1_20(V_CH, k0, 0)
    SHA1_20(V_XOR3, k1, 20)
    SHA1_20(V_MAJ, k2, 40)
    SHA1_20(V_XOR3, k3, 60)
    for (int g = 0; g < groups; g++) {
      a[g] = V_ADD(a[g], a0[g]);
      b[g] = V_ADD(b[g], b0[g]);
      c[g] = V_ADD(c[g], c0[g]);
      d[g] = V_ADD(d[g], d0[g]);
      e[g] = V_ADD(e[g], e0[g]);
    }
  }

  for (int g = 0; g < groups; g++) {
    v_store(words[0] + g * WIDE_LANES, a[g]);
    v_store(words[1] + g * WIDE_LANES, b[g]);
    v_store(words[2] + g * WIDE_LANES, c[g]);
    v_store(words[3] + g * WIDE_LANES, d[g]);
    v_store(words[4] + g * WIDE_LANES, e[g]);
  }
  for (size_t i = 0; i < lanes && i < (size_t)(groups * WIDE_LANES); i++) {
    for (int j = 0; j < SHA1_WORDS; j++) state[i * SHA1_WORDS + j] = words[j][i];
  }
}

#endif
