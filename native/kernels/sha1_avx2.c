#include "kernels.h"

#ifdef BTKIT_X86_KERNELS

#include "avx2.h"
#include "sha1_wide.h"

/* One group only: two would need more than the sixteen registers there are. */
WIDE_TARGET void sha1_avx2_x8(uint32_t *state, const uint8_t *const *data,
                            size_t blocks, size_t lanes) {
  sha1_wide(state, data, blocks, lanes, 1);
}

#endif
