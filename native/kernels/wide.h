/*
 * Shared by the SHA-1 and SHA-256 templates. avx512.h or avx2.h comes first: it defines a vector
 * (vec, WIDE_LANES, V_ADD, ...) and the loading of one block of WIDE_LANES messages (load_block).
 */
#ifndef BTKIT_WIDE_H
#define BTKIT_WIDE_H

#include "kernels.h"

#define MAX_GROUPS 2

/*
 * The lanes are as many streams far apart, more than hardware prefetchers follow well. So every
 * lane asks for its own data this far ahead. On Zen 5 the speed is the same from 128 to 1024 bytes.
 * Not non-temporal: the lanes of large pieces share sets of the first-level cache, which have fewer
 * lines than there are lanes. A line that is evicted before its use would be in no other cache: on a
 * Xeon that cost 30%.
 */
#define PREFETCH_AHEAD 256

/*
 * One prefetch for each lane, spread over the 64 rounds of a block: sixteen at once would fill the
 * miss buffers and stall the loads behind them. The address may lie past the end of the data, where
 * a prefetch does nothing. It is made from an integer, because a pointer must not leave its object.
 */
#define WIDE_PREFETCH(t)                                                       \
  if ((t) % (64 / WIDE_LANES) == 0 && (t) < 64) {                              \
    for (int g = 0; g < groups; g++) {                                         \
      const uintptr_t here = (uintptr_t)lane[g * WIDE_LANES + (t) / (64 / WIDE_LANES)]; \
      _mm_prefetch((const void *)(here + offset + PREFETCH_AHEAD), _MM_HINT_T0); \
    }                                                                          \
  }

#endif
