#ifndef BTKIT_CPU_H
#define BTKIT_CPU_H

#include <stdbool.h>

/* The kernels this processor and its operating system can run. */
struct cpu_features {
  bool avx512; /* F + BW + VL, zmm state saved by the operating system */
  bool avx2;   /* ymm state saved by the operating system */
  bool shani;  /* SHA + SSSE3 + SSE4.1 */
};

struct cpu_features detect_cpu(void);

#endif
