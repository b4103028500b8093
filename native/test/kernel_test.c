/*
 * Tests batch.c and every kernel that this processor runs, against the examples of FIPS 180 and a
 * plain implementation of its text. Every buffer is a heap block of exactly the size needed, most
 * at an odd address. The address sanitizer therefore sees any access beyond its ends (run.sh builds
 * it so).
 */
#include "../batch.h"
#include "../kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGEST 32
#define MOST_LANES 33

static const char *const algorithm_names[] = {"sha1", "sha256"};
static const char *const kernel_names[] = {"avx512", "avx2", "shani"};
static struct cpu_features cpu;
static unsigned long comparisons;

/* ---- the reference: one message, word by word, as the standard has it ---- */

static uint32_t rotl(uint32_t x, unsigned n) { return (x << n) | (x >> (32 - n)); }
static uint32_t rotr(uint32_t x, unsigned n) { return (x >> n) | (x << (32 - n)); }

static void plain_sha1_block(uint32_t *h, const uint8_t *block) {
  uint32_t w[80];
  for (int t = 0; t < 16; t++) {
    w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
           (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
  }
  for (int t = 16; t < 80; t++) w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int t = 0; t < 80; t++) {
    const uint32_t f = t < 20 ? (b & c) ^ (~b & d)
                     : t < 40 ? b ^ c ^ d
                     : t < 60 ? (b & c) ^ (b & d) ^ (c & d)
                              : b ^ c ^ d;
    const uint32_t k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    const uint32_t next = rotl(a, 5) + f + e + k + w[t];
    e = d;
    d = c;
    c = rotl(b, 30);
    b = a;
    a = next;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/*
 * The round constants are the first 32 bits of the fractions of the cube roots of the first 64
 * primes. Computing them here checks the kernels' table.
 */
static uint32_t plain_k[64];

static void work_out_plain_k(void) {
  int found = 0;
  for (unsigned __int128 n = 2; found < 64; n++) {
    bool prime = true;
    for (unsigned __int128 p = 2; p * p <= n; p++) prime = prime && n % p != 0;
    if (!prime) continue;
    unsigned __int128 root = 0; /* floor(cuberoot(n) * 2^32): root^3 <= n * 2^96 */
    for (int bit = 35; bit >= 0; bit--) {
      const unsigned __int128 trial = root | (unsigned __int128)1 << bit;
      if (trial * trial * trial <= n << 96) root = trial;
    }
    plain_k[found++] = (uint32_t)root;
  }
}

static void plain_sha256_block(uint32_t *h, const uint8_t *block) {
  uint32_t w[64], v[8];
  for (int t = 0; t < 16; t++) {
    w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
           (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
  }
  for (int t = 16; t < 64; t++) {
    const uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
    const uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
  memcpy(v, h, sizeof v);
  for (int t = 0; t < 64; t++) {
    const uint32_t S1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
    const uint32_t S0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
    const uint32_t ch = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const uint32_t maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    const uint32_t t1 = v[7] + S1 + ch + plain_k[t] + w[t];
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t1;
    v[0] = t1 + S0 + maj;
  }
  for (int i = 0; i < 8; i++) h[i] += v[i];
}

static void plain_block(enum algorithm algorithm, uint32_t *h, const uint8_t *block) {
  if (algorithm == SHA1) {
    plain_sha1_block(h, block);
  } else {
    plain_sha256_block(h, block);
  }
}

static void plain_hash(enum algorithm algorithm, const uint8_t *data, size_t length, uint8_t *out) {
  static const uint32_t start[2][8] = {
      {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0, 0, 0, 0},
      {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
  uint32_t h[8];
  uint8_t block[64];
  size_t used = 0;
  memcpy(h, start[algorithm], sizeof h);
  for (size_t i = 0; i < length; i++) {
    block[used++] = data[i];
    if (used == 64) plain_block(algorithm, h, block), used = 0;
  }
  block[used++] = 0x80;
  while (used != 56) {
    if (used == 64) plain_block(algorithm, h, block), used = 0;
    block[used++] = 0;
    if (used == 64) plain_block(algorithm, h, block), used = 0;
  }
  for (int i = 0; i < 8; i++) block[56 + i] = (uint8_t)((uint64_t)length * 8 >> (56 - 8 * i));
  plain_block(algorithm, h, block);
  for (size_t i = 0; i < digest_bytes_of(algorithm); i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* ---- tools ---- */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state * 0x2545f4914f6cdd1d;
}

static size_t below(size_t limit) { return (size_t)(next_random() >> 16) % limit; }

static void *must(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

static void fill(uint8_t *data, size_t length) {
  for (size_t i = 0; i < length; i++) data[i] = (uint8_t)(next_random() >> 40);
}

/* A copy that ends exactly where its heap block ends, `shift` bytes into it. */
struct copy {
  uint8_t *block, *data;
};

static struct copy copy_of(const uint8_t *data, size_t length, size_t shift) {
  struct copy copy;
  copy.block = must(malloc(length + shift + (length + shift == 0)));
  copy.data = copy.block + shift;
  if (length > 0) memcpy(copy.data, data, length);
  return copy;
}

static void same(const uint8_t *got, const uint8_t *expected, size_t length, const char *test,
                 enum kernel kernel, enum algorithm algorithm, size_t size, size_t lanes) {
  comparisons++;
  if (memcmp(got, expected, length) == 0) return;
  fprintf(stderr, "FAILED: %s, kernel %s, %s, length %zu, lanes %zu\n", test, kernel_names[kernel],
          algorithm_names[algorithm], size, lanes);
  exit(1);
}

/* ---- the tests ---- */

static void from_hex(const char *hex, uint8_t *out) {
  for (; *hex; hex += 2) {
    unsigned byte;
    if (sscanf(hex, "%2x", &byte) != 1) abort();
    *out++ = (uint8_t)byte;
  }
}

static void test_standard_examples(enum kernel kernel, bool reference_too) {
  static const struct {
    const char *message;
    size_t times;
    const char *digest[2];
  } examples[] = {
      {"", 1, {"da39a3ee5e6b4b0d3255bfef95601890afd80709",
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},
      {"abc", 1, {"a9993e364706816aba3e25717850c26c9cd0d89d",
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
       {"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}},
      {"a", 1000000, {"34aa973cd4c4daa4f61eeb2bdbad27316534016f",
                      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}},
  };
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    const size_t once = strlen(examples[i].message), length = once * examples[i].times;
    uint8_t *message = must(malloc(length + 1));
    for (size_t k = 0; k < examples[i].times; k++) memcpy(message + k * once, examples[i].message, once);
    for (int algorithm = SHA1; algorithm <= SHA256; algorithm++) {
      const size_t bytes = digest_bytes_of(algorithm);
      uint8_t expected[MAX_DIGEST], got[MAX_DIGEST];
      from_hex(examples[i].digest[algorithm], expected);
      if (reference_too) {
        plain_hash(algorithm, message, length, got);
        same(got, expected, bytes, "reference, FIPS example", kernel, algorithm, length, 1);
      } else {
        hash_pieces(&cpu, kernel, algorithm, message, length, 1, got);
        same(got, expected, bytes, "FIPS example", kernel, algorithm, length, 1);
      }
    }
    free(message);
  }
}

static void one_shot(enum kernel kernel, enum algorithm algorithm, const uint8_t *pieces,
                     const uint8_t *digests, size_t length, size_t count, const char *test) {
  const size_t bytes = digest_bytes_of(algorithm);
  const struct copy data = copy_of(pieces, length * count, (length + count) % 8);
  const struct copy out = copy_of(digests, bytes * count, count % 4);
  if (count > 0) memset(out.data, 0, bytes * count);
  hash_pieces(&cpu, kernel, algorithm, data.data, length, count, out.data);
  same(out.data, digests, bytes * count, test, kernel, algorithm, length, count);
  free(data.block);
  free(out.block);
}

/* The same pieces in steps of random sizes, between bytes that belong to no lane. */
static void in_steps(enum kernel kernel, enum algorithm algorithm, const uint8_t *pieces,
                     const uint8_t *digests, size_t length, size_t lanes) {
  const size_t bytes = digest_bytes_of(algorithm);
  uint32_t *state = must(malloc(lanes * words_of(algorithm) * sizeof *state));
  uint8_t *out = must(malloc(lanes * bytes));
  init_lanes(algorithm, state, lanes);
  for (size_t done = 0, last = 0; !last;) {
    size_t step = 64 * below(length / 64 + 2);
    last = done + step > length || below(4) == 0;
    if (last) step = length - done;
    const size_t stride = step + below(70);
    const size_t span = (lanes - 1) * stride + step;
    uint8_t *data = must(malloc(span + (span == 0)));
    const uint8_t *parts[MOST_LANES];
    for (size_t i = 0; i < lanes; i++) {
      memcpy(data + i * stride, pieces + i * length + done, step);
      parts[i] = data + i * stride;
    }
    if (last) {
      finish_lanes(&cpu, kernel, algorithm, state, parts, step, length, lanes, out);
    } else {
      update_lanes(&cpu, kernel, algorithm, state, parts, step, lanes);
    }
    done += step;
    free(data);
  }
  same(out, digests, bytes * lanes, "in steps", kernel, algorithm, length, lanes);
  free(state);
  free(out);
}

/* Messages of all lengths up to `length`, each with a digest of its own. */
static void of_uneven_lengths(enum kernel kernel, enum algorithm algorithm, const uint8_t *pieces,
                              size_t length, size_t count) {
  const size_t bytes = digest_bytes_of(algorithm);
  struct message messages[MAX_LANES];
  uint8_t *expected = must(malloc(count * bytes + 1)), *out = must(malloc(count * bytes + 1));
  for (size_t i = 0; i < count; i++) {
    const size_t part = below(3) == 0 ? length : below(length + 1);
    messages[i] = (struct message){pieces + i * length, part, out + i * bytes};
    plain_hash(algorithm, pieces + i * length, part, expected + i * bytes);
  }
  hash_messages(&cpu, kernel, algorithm, messages, count);
  same(out, expected, bytes * count, "uneven", kernel, algorithm, length, count);
  free(expected);
  free(out);
}

/* Pieces of a length, and those two, four and eight times as long, in exactly the memory for them. */
static void test_doublings(size_t length, size_t count) {
  enum { DOUBLINGS = 3 };
  const size_t size = length * count;
  uint8_t *content = must(malloc(size));
  fill(content, size);
  for (int algorithm = SHA1; algorithm <= SHA256; algorithm++) {
    const size_t bytes = digest_bytes_of(algorithm);
    size_t all = 0;
    uint8_t *expected = must(malloc(2 * count * bytes));
    for (size_t level = 0; level <= DOUBLINGS; level++) {
      for (size_t i = 0; i < count >> level; i++, all++) {
        plain_hash(algorithm, content + i * (length << level), length << level,
                   expected + all * bytes);
      }
    }
    for (int kernel = KERNEL_AVX512; kernel <= KERNEL_SHANI; kernel++) {
      if (!kernel_runs_on(&cpu, kernel)) continue;
      const struct copy data = copy_of(content, size, 1);
      uint8_t *out = must(malloc(all * bytes));
      hash_doublings(&cpu, kernel, algorithm, data.data, length, count, DOUBLINGS, out);
      same(out, expected, all * bytes, "doublings", kernel, algorithm, length, count);
      free(data.block);
      free(out);
    }
    free(expected);
  }
  free(content);
}

static void test_lengths(size_t length, size_t from_lanes, size_t rounds_of_steps) {
  uint8_t *pieces = must(malloc(length * MOST_LANES + 1));
  fill(pieces, length * MOST_LANES);
  for (int algorithm = SHA1; algorithm <= SHA256; algorithm++) {
    uint8_t digests[MOST_LANES * MAX_DIGEST];
    for (size_t i = 0; i < MOST_LANES; i++) {
      plain_hash(algorithm, pieces + i * length, length, digests + i * digest_bytes_of(algorithm));
    }
    for (int kernel = KERNEL_AVX512; kernel <= KERNEL_SHANI; kernel++) {
      if (!kernel_runs_on(&cpu, kernel)) continue;
      for (size_t count = from_lanes; count <= MOST_LANES; count++) {
        one_shot(kernel, algorithm, pieces, digests, length, count, "one shot");
      }
      for (size_t i = 0; i < rounds_of_steps; i++) {
        in_steps(kernel, algorithm, pieces, digests, length, 1 + below(MOST_LANES));
        of_uneven_lengths(kernel, algorithm, pieces, length, below(MAX_LANES + 1));
      }
    }
  }
  free(pieces);
}

#ifdef BTKIT_X86_KERNELS

/* Tests every kernel function by itself, with every number of lanes that it accepts. */
static void test_kernel_functions(void) {
  static const struct {
    compress_fn *compress;
    enum kernel kernel;
    enum algorithm algorithm;
    size_t lanes;
  } functions[] = {
      {sha1_avx512_x16, KERNEL_AVX512, SHA1, 16},     {sha1_avx512_x32, KERNEL_AVX512, SHA1, 32},
      {sha1_avx2_x8, KERNEL_AVX2, SHA1, 8},           {sha1_shani_x1, KERNEL_SHANI, SHA1, 1},
      {sha1_shani_x2, KERNEL_SHANI, SHA1, 2},         {sha1_shani_x3, KERNEL_SHANI, SHA1, 3},
      {sha1_shani_x4, KERNEL_SHANI, SHA1, 4},         {sha256_avx512_x16, KERNEL_AVX512, SHA256, 16},
      {sha256_avx512_x32, KERNEL_AVX512, SHA256, 32}, {sha256_avx2_x8, KERNEL_AVX2, SHA256, 8},
      {sha256_shani_x1, KERNEL_SHANI, SHA256, 1},     {sha256_shani_x2, KERNEL_SHANI, SHA256, 2},
      {sha256_shani_x3, KERNEL_SHANI, SHA256, 3},     {sha256_shani_x4, KERNEL_SHANI, SHA256, 4},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    if (!kernel_runs_on(&cpu, functions[i].kernel)) continue;
    const size_t words = words_of(functions[i].algorithm);
    for (size_t lanes = 1; lanes <= functions[i].lanes; lanes++) {
      for (size_t blocks = 0; blocks <= 9; blocks++) {
        const size_t length = blocks * 64, stride = length + below(3) * below(200);
        const size_t span = (lanes - 1) * stride + length, shift = below(64);
        uint8_t *block = must(malloc(span + shift + 1));
        uint8_t *data = block + shift + 1;
        uint32_t *state = must(malloc(lanes * words * sizeof *state));
        uint32_t expected[MOST_LANES * SHA256_WORDS];
        fill(block, span + shift + 1);
        for (size_t k = 0; k < lanes * words; k++) state[k] = expected[k] = (uint32_t)next_random();
        for (size_t lane = 0; lane < lanes; lane++) {
          for (size_t k = 0; k < blocks; k++) {
            plain_block(functions[i].algorithm, expected + lane * words, data + lane * stride + k * 64);
          }
        }
        const uint8_t *parts[MOST_LANES];
        for (size_t lane = 0; lane < lanes; lane++) parts[lane] = data + lane * stride;
        functions[i].compress(state, parts, blocks, lanes);
        same((uint8_t *)state, (uint8_t *)expected, lanes * words * sizeof *state, "function",
             functions[i].kernel, functions[i].algorithm, length, lanes);
        free(block);
        free(state);
      }
    }
  }
}

#else

static void test_kernel_functions(void) {}

#endif

/* The length field beyond 32 bits: the last block of a long message of no lane's own. */
static void test_long_total(void) {
  enum kernel kernel;
  if (!default_kernel(&cpu, &kernel)) return;
  const uint64_t total = ((uint64_t)1 << 53) - 64;
  for (int algorithm = SHA1; algorithm <= SHA256; algorithm++) {
    uint32_t state[SHA256_WORDS], expected[SHA256_WORDS];
    uint8_t out[MAX_DIGEST], block[64] = {0x80}, digest[MAX_DIGEST];
    init_lanes(algorithm, state, 1);
    init_lanes(algorithm, expected, 1);
    for (int i = 0; i < 8; i++) block[56 + i] = (uint8_t)(total * 8 >> (56 - 8 * i));
    plain_block(algorithm, expected, block);
    for (size_t i = 0; i < digest_bytes_of(algorithm); i++) {
      digest[i] = (uint8_t)(expected[i / 4] >> (24 - 8 * (i % 4)));
    }
    const uint8_t *tail = block;
    finish_lanes(&cpu, kernel, algorithm, state, &tail, 0, total, 1, out);
    same(out, digest, digest_bytes_of(algorithm), "long total", kernel, algorithm, 0, 1);
  }
}

int main(void) {
  cpu = detect_cpu();
  work_out_plain_k();
  test_standard_examples(KERNEL_SHANI, true);
  for (int kernel = KERNEL_AVX512; kernel <= KERNEL_SHANI; kernel++) {
    if (kernel_runs_on(&cpu, kernel)) test_standard_examples(kernel, false);
  }
  test_kernel_functions();
  test_long_total();
  for (size_t length = 0; length <= 300; length++) test_lengths(length, 0, 3);
  for (int i = 0; i < 20; i++) test_lengths(below(5000), 15, 10);
  /* More than batch.c calls small, so that the other choice is tested, too. */
  test_lengths(70000, 30, 3);
  for (size_t count = 8; count <= 120; count += 8) test_doublings(64 * (1 + below(9)), count);

  printf("kernel_test: %lu comparisons passed (avx512 %d, avx2 %d, shani %d)\n", comparisons,
         cpu.avx512, cpu.avx2, cpu.shani);
  return 0;
}
