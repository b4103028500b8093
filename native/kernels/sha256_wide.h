/*
 * SHA-256 (FIPS 180-4, section 6.2.2) with one message in each 32-bit lane of a
 * vector, for any vector width (see wide.h). `groups` as in sha1_wide.h.
 */
#ifndef BTKIT_SHA256_WIDE_H
#define BTKIT_SHA256_WIDE_H

#include "sha256_k.h"
#include "wide.h"

#define BIG_SIGMA0(x) V_XOR3(V_ROTR(x, 2), V_ROTR(x, 13), V_ROTR(x, 22))
#define BIG_SIGMA1(x) V_XOR3(V_ROTR(x, 6), V_ROTR(x, 11), V_ROTR(x, 25))
#define SMALL_SIGMA0(x) V_XOR3(V_ROTR(x, 7), V_ROTR(x, 18), V_SHR(x, 3))
#define SMALL_SIGMA1(x) V_XOR3(V_ROTR(x, 17), V_ROTR(x, 19), V_SHR(x, 10))

#define SHA256_EXPAND(t)                                                       \
  w[g][(t) & 15] = V_ADD(V_ADD(w[g][(t) & 15], w[g][((t) + 9) & 15]),          \
                         V_ADD(SMALL_SIGMA0(w[g][((t) + 1) & 15]),             \
                               SMALL_SIGMA1(w[g][((t) + 14) & 15])));

/*
 * The big sigmas are the late operands: the fences make them the last added, as
 * in SHA1_ROUND.
 */
#define SHA256_ROUND(a, b, c, d, e, f, g_, h, t)                               \
  WIDE_PREFETCH(t)                                                             \
  for (int g = 0; g < groups; g++) {                                           \
    if ((t) >= 16) SHA256_EXPAND(t)                                            \
    vec sum = V_ADD(h[g], V_ADD(w[g][(t) & 15], V_SET1(sha256_k[t])));         \
    V_FENCE(sum);                                                              \
    sum = V_ADD(sum, V_CH(e[g], f[g], g_[g]));                                 \
    V_FENCE(sum);                                                              \
    sum = V_ADD(sum, BIG_SIGMA1(e[g]));                                        \
    V_FENCE(sum);                                                              \
    d[g] = V_ADD(d[g], sum);                                                   \
    sum = V_ADD(sum, V_MAJ(a[g], b[g], c[g]));                                 \
    V_FENCE(sum);                                                              \
    h[g] = V_ADD(sum, BIG_SIGMA0(a[g]));                                       \
  }

/* Eight rounds bring the roles of a..h back to where they began. */
#define SHA256_8(t)                                                            \
  SHA256_ROUND(a, b, c, d, e, f, g_, h, (t))                                   \
  SHA256_ROUND(h, a, b, c, d, e, f, g_, (t) + 1)                               \
  SHA256_ROUND(g_, h, a, b, c, d, e, f, (t) + 2)                               \
  SHA256_ROUND(f, g_, h, a, b, c, d, e, (t) + 3)                               \
  SHA256_ROUND(e, f, g_, h, a, b, c, d, (t) + 4)                               \
  SHA256_ROUND(d, e, f, g_, h, a, b, c, (t) + 5)                               \
  SHA256_ROUND(c, d, e, f, g_, h, a, b, (t) + 6)                               \
  SHA256_ROUND(b, c, d, e, f, g_, h, a, (t) + 7)

WIDE_INLINE void sha256_wide(uint32_t *state, const uint8_t *const *data, size_t blocks,
                             size_t lanes, const int groups) {
  const uint8_t *lane[MAX_GROUPS * WIDE_LANES];
  uint32_t words[SHA256_WORDS][MAX_GROUPS * WIDE_LANES];
  for (int i = 0; i < groups * WIDE_LANES; i++) {
    const size_t from = (size_t)i < lanes ? (size_t)i : lanes - 1;
    lane[i] = data[from];
    for (int j = 0; j < SHA256_WORDS; j++) words[j][i] = state[from * SHA256_WORDS + j];
  }

  vec a[MAX_GROUPS], b[MAX_GROUPS], c[MAX_GROUPS], d[MAX_GROUPS];
  vec e[MAX_GROUPS], f[MAX_GROUPS], g_[MAX_GROUPS], h[MAX_GROUPS];
  for (int g = 0; g < groups; g++) {
    a[g] = v_load(words[0] + g * WIDE_LANES);
    b[g] = v_load(words[1] + g * WIDE_LANES);
    c[g] = v_load(words[2] + g * WIDE_LANES);
    d[g] = v_load(words[3] + g * WIDE_LANES);
    e[g] = v_load(words[4] + g * WIDE_LANES);
    f[g] = v_load(words[5] + g * WIDE_LANES);
    g_[g] = v_load(words[6] + g * WIDE_LANES);
    h[g] = v_load(words[7] + g * WIDE_LANES);
  }

  for (size_t offset = 0; offset < blocks * BLOCK_BYTES; offset += BLOCK_BYTES) {
    vec w[MAX_GROUPS][16];
    for (int g = 0; g < groups; g++) {
      load_block(w[g], lane + g * WIDE_LANES, offset);
      v_store(words[0] + g * WIDE_LANES, a[g]);
      v_store(words[1] + g * WIDE_LANES, b[g]);
      v_store(words[2] + g * WIDE_LANES, c[g]);
      v_store(words[3] + g * WIDE_LANES, d[g]);
      v_store(words[4] + g * WIDE_LANES, e[g]);
      v_store(words[5] + g * WIDE_LANES, f[g]);
      v_store(words[6] + g * WIDE_LANES, g_[g]);
      v_store(words[7] + g * WIDE_LANES, h[g]);
    }
    SHA256_8(0)
    SHA256_8(8)
    SHA256_8(16)
    SHA256_8(24)
    SHA256_8(32)
    SHA256_8(40)
    SHA256_8(48)
    SHA256_8(56)
    for (int g = 0; g < groups; g++) {
      a[g] = V_ADD(a[g], v_load(words[0] + g * WIDE_LANES));
      b[g] = V_ADD(b[g], v_load(words[1] + g * WIDE_LANES));
      c[g] = V_ADD(c[g], v_load(words[2] + g * WIDE_LANES));
      d[g] = V_ADD(d[g], v_load(words[3] + g * WIDE_LANES));
      e[g] = V_ADD(e[g], v_load(words[4] + g * WIDE_LANES));
      f[g] = V_ADD(f[g], v_load(words[5] + g * WIDE_LANES));
      g_[g] = V_ADD(g_[g], v_load(words[6] + g * WIDE_LANES));
      h[g] = V_ADD(h[g], v_load(words[7] + g * WIDE_LANES));
    }
  }

  for (int g = 0; g < groups; g++) {
    v_store(words[0] + g * WIDE_LANES, a[g]);
    v_store(words[1] + g * WIDE_LANES, b[g]);
    v_store(words[2] + g * WIDE_LANES, c[g]);
    v_store(words[3] + g * WIDE_LANES, d[g]);
    v_store(words[4] + g * WIDE_LANES, e[g]);
    v_store(words[5] + g * WIDE_LANES, f[g]);
    v_store(words[6] + g * WIDE_LANES, g_[g]);
    v_store(words[7] + g * WIDE_LANES, h[g]);
  }
  for (size_t i = 0; i < lanes && i < (size_t)(groups * WIDE_LANES); i++) {
    for (int j = 0; j < SHA256_WORDS; j++) state[i * SHA256_WORDS + j] = words[j][i];
  }
}

#endif
