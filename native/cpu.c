#include "cpu.h"

#include "kernels/kernels.h"

#ifdef BTKIT_X86_KERNELS

#include <cpuid.h>

/* Leaf 1, ecx. */
#define SSSE3 (1u << 9)
#define SSE41 (1u << 19)
#define OSXSAVE (1u << 27)
#define AVX (1u << 28)

/* Leaf 7, subleaf 0, ebx. */
#define AVX2 (1u << 5)
#define AVX512F (1u << 16)
#define SHA (1u << 29)
#define AVX512BW (1u << 30)
#define AVX512VL (1u << 31)

/* XCR0: the register sets that the operating system saves between threads. */
#define YMM_STATE 0x06u /* xmm, upper halves of ymm */
#define ZMM_STATE 0xe6u /* those, mask registers, upper halves of zmm, zmm16-31 */

static unsigned saved_state(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static bool has(unsigned word, unsigned bits) { return (word & bits) == bits; }

struct cpu_features detect_cpu(void) {
  struct cpu_features cpu = {false, false, false};
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return cpu;
  const unsigned basic = ecx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return cpu;
  const unsigned extended = ebx;

  /* xgetbv itself is there only if OSXSAVE says so. */
  const unsigned state = has(basic, OSXSAVE | AVX) ? saved_state() : 0;
  cpu.shani = has(basic, SSSE3 | SSE41) && has(extended, SHA);
  cpu.avx2 = has(state, YMM_STATE) && has(extended, AVX2);
  cpu.avx512 = has(state, ZMM_STATE) && has(extended, AVX512F | AVX512BW | AVX512VL);
  return cpu;
}

#else

struct cpu_features detect_cpu(void) { return (struct cpu_features){false, false, false}; }

#endif
