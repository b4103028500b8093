#include "batch.h"

#include <string.h>

#include "kernels/kernels.h"

#define MAX_WORDS SHA256_WORDS
#define LENGTH_BYTES 8

size_t words_of(enum algorithm algorithm) {
  return algorithm == SHA1 ? SHA1_WORDS : SHA256_WORDS;
}

size_t digest_bytes_of(enum algorithm algorithm) { return 4 * words_of(algorithm); }

bool kernel_runs_on(const struct cpu_features *cpu, enum kernel kernel) {
  switch (kernel) {
    case KERNEL_AVX512: return cpu->avx512;
    case KERNEL_AVX2: return cpu->avx2;
    case KERNEL_SHANI: return cpu->shani;
  }
  return false;
}

bool default_kernel(const struct cpu_features *cpu, enum kernel *kernel) {
  static const enum kernel preference[] = {KERNEL_AVX512, KERNEL_SHANI, KERNEL_AVX2};
  for (size_t i = 0; i < sizeof preference / sizeof preference[0]; i++) {
    *kernel = preference[i];
    if (kernel_runs_on(cpu, *kernel)) return true;
  }
  return false;
}

/* A kernel function, and how many of the waiting lanes it takes now. */
struct share {
  compress_fn *compress;
  size_t lanes;
};

#ifdef BTKIT_X86_KERNELS

static size_t at_most(size_t value, size_t limit) { return value < limit ? value : limit; }

/* Up to four streams, in even shares: five are faster as 3 + 2 than as 4 + 1. */
static struct share shani_share(enum algorithm algorithm, size_t waiting) {
  static compress_fn *const kernels[2][4] = {
      {sha1_shani_x1, sha1_shani_x2, sha1_shani_x3, sha1_shani_x4},
      {sha256_shani_x1, sha256_shani_x2, sha256_shani_x3, sha256_shani_x4},
  };
  const size_t rounds = (waiting + 3) / 4;
  const size_t lanes = waiting >= 16 ? 4 : (waiting + rounds - 1) / rounds;
  return (struct share){kernels[algorithm][lanes - 1], lanes};
}

static struct share avx2_share(enum algorithm algorithm, size_t waiting) {
  return (struct share){algorithm == SHA1 ? sha1_avx2_x8 : sha256_avx2_x8, at_most(waiting, 8)};
}

/*
 * The limits below are where the curves cross on a Zen 5 core. A vector costs the same however few
 * of its lanes are used, so a few lanes left over are faster on the SHA extensions. Two vectors at
 * once are a third faster than one if the data is in the second-level cache, as in a small call.
 * Otherwise they are a little slower.
 */
#define TWO_VECTORS_MAX_BYTES (1u << 20)
#define TWO_VECTORS_FROM 21
static const size_t one_vector_from[2] = {[SHA1] = 8, [SHA256] = 9};

static struct share avx512_share(const struct cpu_features *cpu, enum algorithm algorithm,
                                 size_t waiting, bool small) {
  if (small && waiting >= TWO_VECTORS_FROM) {
    return (struct share){algorithm == SHA1 ? sha1_avx512_x32 : sha256_avx512_x32,
                          at_most(waiting, 32)};
  }
  if (waiting < one_vector_from[algorithm] && cpu->shani) return shani_share(algorithm, waiting);
  return (struct share){algorithm == SHA1 ? sha1_avx512_x16 : sha256_avx512_x16,
                        at_most(waiting, 16)};
}

static struct share next_share(const struct cpu_features *cpu, enum kernel kernel,
                               enum algorithm algorithm, size_t waiting, bool small) {
  switch (kernel) {
    case KERNEL_AVX512: return avx512_share(cpu, algorithm, waiting, small);
    case KERNEL_AVX2: return avx2_share(algorithm, waiting);
    case KERNEL_SHANI: break;
  }
  return shani_share(algorithm, waiting);
}

static bool is_small(size_t lanes, size_t length) {
  return length == 0 || lanes <= TWO_VECTORS_MAX_BYTES / length;
}

#else

/* Never reached: without kernels kernel_runs_on() refuses every one of them. */
static void no_kernel(uint32_t *state, const uint8_t *const *data, size_t blocks, size_t lanes) {
  (void)state, (void)data, (void)blocks, (void)lanes;
}

static struct share next_share(const struct cpu_features *cpu, enum kernel kernel,
                               enum algorithm algorithm, size_t waiting, bool small) {
  (void)cpu, (void)kernel, (void)algorithm, (void)small;
  return (struct share){no_kernel, waiting < MAX_LANES ? waiting : MAX_LANES};
}

static bool is_small(size_t lanes, size_t length) {
  (void)lanes, (void)length;
  return true;
}

#endif

void init_lanes(enum algorithm algorithm, uint32_t *state, size_t lanes) {
  static const uint32_t sha1_start[SHA1_WORDS] = {0x67452301, 0xefcdab89, 0x98badcfe,
                                                  0x10325476, 0xc3d2e1f0};
  static const uint32_t sha256_start[SHA256_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                                      0xa54ff53a, 0x510e527f, 0x9b05688c,
                                                      0x1f83d9ab, 0x5be0cd19};
  const uint32_t *start = algorithm == SHA1 ? sha1_start : sha256_start;
  const size_t words = words_of(algorithm);
  for (size_t i = 0; i < lanes; i++) memcpy(state + i * words, start, words * sizeof *state);
}

static void store_big_endian(uint8_t *out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

/*
 * Ends the lanes of one share. First come the whole blocks of their tails, in place. The rest of
 * each tail follows with its padding, one or two blocks a lane, side by side. The padding is a one
 * bit, zeros and the length in bits (FIPS 180-4, section 5.1.1).
 */
static void finish_share(struct share share, uint32_t *state, const uint8_t *const *tail,
                         size_t length, uint64_t total) {
  uint8_t padded[MAX_LANES * 2 * BLOCK_BYTES];
  const uint8_t *ends[MAX_LANES];
  const size_t rest = length % BLOCK_BYTES;
  const size_t whole = length - rest;
  const size_t size = rest + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;

  share.compress(state, tail, whole / BLOCK_BYTES, share.lanes);
  memset(padded, 0, share.lanes * size);
  for (size_t i = 0; i < share.lanes; i++) {
    uint8_t *lane = padded + i * size;
    memcpy(lane, tail[i] + whole, rest);
    lane[rest] = 0x80;
    store_big_endian(lane + size - LENGTH_BYTES, total * 8, LENGTH_BYTES);
    ends[i] = lane;
  }
  share.compress(state, ends, size / BLOCK_BYTES, share.lanes);
}

static void store_digest(enum algorithm algorithm, uint8_t *out, const uint32_t *state) {
  for (size_t i = 0; i < words_of(algorithm); i++) store_big_endian(out + 4 * i, state[i], 4);
}

void hash_pieces(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                 const uint8_t *data, size_t piece_length, size_t count, uint8_t *out) {
  uint32_t state[MAX_LANES * MAX_WORDS];
  const uint8_t *pieces[MAX_LANES];
  const bool small = is_small(count, piece_length);
  for (size_t done = 0; done < count;) {
    const struct share share = next_share(cpu, kernel, algorithm, count - done, small);
    for (size_t i = 0; i < share.lanes; i++) pieces[i] = data + (done + i) * piece_length;
    init_lanes(algorithm, state, share.lanes);
    finish_share(share, state, pieces, piece_length, piece_length);
    for (size_t i = 0; i < share.lanes; i++) {
      store_digest(algorithm, out + (done + i) * digest_bytes_of(algorithm),
                   state + i * words_of(algorithm));
    }
    done += share.lanes;
  }
}

void update_lanes(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                  uint32_t *state, const uint8_t *const *data, size_t length, size_t lanes) {
  const bool small = is_small(lanes, length);
  for (size_t done = 0; done < lanes;) {
    const struct share share = next_share(cpu, kernel, algorithm, lanes - done, small);
    share.compress(state + done * words_of(algorithm), data + done, length / BLOCK_BYTES,
                   share.lanes);
    done += share.lanes;
  }
}

void finish_lanes(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                  uint32_t *state, const uint8_t *const *tail, size_t length, uint64_t total,
                  size_t lanes, uint8_t *out) {
  const size_t words = words_of(algorithm);
  const bool small = is_small(lanes, length);
  for (size_t done = 0; done < lanes;) {
    const struct share share = next_share(cpu, kernel, algorithm, lanes - done, small);
    finish_share(share, state + done * words, tail + done, length, total);
    done += share.lanes;
  }
  for (size_t i = 0; i < lanes; i++) store_digest(algorithm, out + 4 * words * i, state + words * i);
}

static void advance(const uint8_t **data, size_t length, size_t lanes) {
  for (size_t i = 0; i < lanes; i++) data[i] += length;
}

/* Pieces to hash at several lengths. */
struct doubled {
  const uint8_t *data;
  size_t piece_length, count;
  unsigned doublings;
  uint8_t *out;
};

/*
 * A hash that goes on from a piece to the end of the longest one that begins there. On its way it
 * gives the digest of each length.
 */
struct chain {
  size_t first; /* the number of the piece where it begins */
  size_t done, length; /* in pieces */
};

/* Sets the chain after `chain`, longest first; returns false after the last. */
static bool next_chain(const struct doubled *pieces, struct chain *chain) {
  const size_t longest = (size_t)1 << pieces->doublings;
  const size_t step = chain->length == longest ? longest : 2 * chain->length;
  chain->first += step;
  /* Before every other piece of a length begins a longer one, whose chain is the same */
  while (chain->first >= pieces->count && chain->length > 1)
    chain->first = chain->length /= 2;
  return chain->first < pieces->count;
}

/* Writes the digest of all that a chain has, and leaves its state as it is. */
static void store_doubled(const struct cpu_features *cpu, enum kernel kernel,
                          enum algorithm algorithm, const uint32_t *state,
                          const struct doubled *pieces, const struct chain *chain) {
  uint32_t ended[MAX_WORDS];
  const uint8_t *const nothing = pieces->data;
  /* Before the pieces of a length are those of the shorter ones, twice as many each */
  const size_t before = 2 * (pieces->count - pieces->count / chain->done);
  uint8_t *out = pieces->out + (before + chain->first / chain->done) * digest_bytes_of(algorithm);
  memcpy(ended, state, 4 * words_of(algorithm));
  finish_lanes(cpu, kernel, algorithm, ended, &nothing, 0, chain->done * pieces->piece_length, 1, out);
}

/* The chains that are hashed side by side: the lanes of the widest vector. */
#define CHAINS 16

static bool is_power_of_two(size_t number) { return (number & (number - 1)) == 0; }

void hash_doublings(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                    const uint8_t *data, size_t piece_length, size_t count, unsigned doublings,
                    uint8_t *out) {
  const struct doubled pieces = {data, piece_length, count, doublings, out};
  const size_t words = words_of(algorithm);
  uint32_t state[CHAINS * MAX_WORDS];
  const uint8_t *at[CHAINS];
  struct chain chains[CHAINS];
  struct chain next = {0, 0, (size_t)1 << doublings};
  bool is_left = count > 0;
  for (size_t lanes = 0; is_left || lanes > 0;) {
    for (; is_left && lanes < CHAINS; lanes++) {
      chains[lanes] = next;
      at[lanes] = data + next.first * piece_length;
      init_lanes(algorithm, state + lanes * words, 1);
      is_left = next_chain(&pieces, &next);
    }
    update_lanes(cpu, kernel, algorithm, state, at, piece_length, lanes);
    advance(at, piece_length, lanes);
    for (size_t i = lanes; i-- > 0;) {
      if (!is_power_of_two(++chains[i].done)) continue;
      store_doubled(cpu, kernel, algorithm, state + i * words, &pieces, &chains[i]);
      if (chains[i].done < chains[i].length) continue;
      /* The last lane takes the place of one that has ended */
      lanes--;
      chains[i] = chains[lanes];
      at[i] = at[lanes];
      memmove(state + i * words, state + lanes * words, words * sizeof *state);
    }
  }
}

/* Sorts the longest first, so that the remaining messages are always the first lanes. */
static void sort_by_length(struct message *messages, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const struct message message = messages[i];
    size_t at = i;
    for (; at > 0 && messages[at - 1].length < message.length; at--) messages[at] = messages[at - 1];
    messages[at] = message;
  }
}

void hash_messages(const struct cpu_features *cpu, enum kernel kernel, enum algorithm algorithm,
                   struct message *messages, size_t count) {
  uint32_t state[MAX_LANES * MAX_WORDS];
  uint8_t digests[MAX_LANES * 4 * MAX_WORDS];
  const uint8_t *data[MAX_LANES];
  sort_by_length(messages, count);
  init_lanes(algorithm, state, count);
  for (size_t i = 0; i < count; i++) data[i] = messages[i].data;

  size_t done = 0;
  for (size_t left = count; left > 0;) {
    /* All remaining messages advance by the length of the shortest, and those of that length end */
    const size_t length = messages[left - 1].length;
    const size_t step = (length - done) / BLOCK_BYTES * BLOCK_BYTES;
    size_t going_on = left;
    while (going_on > 0 && messages[going_on - 1].length == length) going_on--;
    if (going_on > 0) {
      update_lanes(cpu, kernel, algorithm, state, data, step, left);
      advance(data, step, left);
      done += step;
    }
    finish_lanes(cpu, kernel, algorithm, state + going_on * words_of(algorithm), data + going_on,
                 length - done, length, left - going_on, digests);
    for (size_t i = going_on; i < left; i++) {
      memcpy(messages[i].digest, digests + (i - going_on) * digest_bytes_of(algorithm),
             digest_bytes_of(algorithm));
    }
    left = going_on;
  }
}
