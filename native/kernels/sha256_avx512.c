#include "kernels.h"

#ifdef BTKIT_X86_KERNELS

#include "avx512.h"
#include "sha256_wide.h"

WIDE_TARGET void sha256_avx512_x16(uint32_t *state, const uint8_t *const *data,
                                   size_t blocks, size_t lanes) {
  sha256_wide(state, data, blocks, lanes, 1);
}

WIDE_TARGET void sha256_avx512_x32(uint32_t *state, const uint8_t *const *data,
                                   size_t blocks, size_t lanes) {
  sha256_wide(state, data, blocks, lanes, 2);
}

#endif
