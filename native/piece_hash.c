/*
 * The border between JavaScript and batch.c: every argument is checked here, and
 * nothing behind it checks again.
 *
 * The addon has no mutable globals, so any number of worker threads can load it;
 * what the processor can do is found out once a thread (cpuid is slow under a
 * hypervisor) and kept as that thread's instance data. A call touches only its
 * arguments and its own stack, and runs to its end even if its worker is being
 * terminated, so there is nothing to clean up.
 */
#define NAPI_VERSION 8
#include <node_api.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "signals.h"
#include "stat_files.h"
#include "writers.h"

#define MAX_ARGUMENTS 9
#define MAX_SAFE_INTEGER 9007199254740991.0

struct call {
  napi_env env;
  const struct cpu_features *cpu;
  napi_value arguments[MAX_ARGUMENTS];
};

struct bytes {
  uint8_t *data;
  size_t length;
};

struct words {
  uint32_t *data;
  size_t length;
};

static bool type_error(const struct call *call, const char *message) {
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", message);
  return false;
}

static bool range_error(const struct call *call, const char *message) {
  napi_throw_range_error(call->env, "ERR_OUT_OF_RANGE", message);
  return false;
}

/* Missing arguments read as undefined, and fail as such. */
static bool begin(napi_env env, napi_callback_info info, struct call *call) {
  size_t count = MAX_ARGUMENTS;
  void *cpu = NULL;
  call->env = env;
  if (napi_get_cb_info(env, info, &count, call->arguments, NULL, NULL) != napi_ok) return false;
  if (napi_get_instance_data(env, &cpu) != napi_ok || cpu == NULL) return false;
  call->cpu = cpu;
  return true;
}

/*
 * A name too long for the buffer is cut off, and then equals none of the known ones;
 * a NUL inside one would end it too early.
 */
static bool read_name(const struct call *call, size_t i, char name[16]) {
  size_t length = 0;
  return napi_get_value_string_utf8(call->env, call->arguments[i], name, 16, &length) == napi_ok &&
         strlen(name) == length;
}

static bool read_algorithm(const struct call *call, size_t i, enum algorithm *algorithm) {
  char name[16];
  if (!read_name(call, i, name)) return type_error(call, "algorithm must be a string");
  if (strcmp(name, "sha1") == 0) {
    *algorithm = SHA1;
  } else if (strcmp(name, "sha256") == 0) {
    *algorithm = SHA256;
  } else {
    return range_error(call, "algorithm must be 'sha1' or 'sha256'");
  }
  return true;
}

static bool read_kernel(const struct call *call, size_t i, enum kernel *kernel) {
  char name[16];
  if (!read_name(call, i, name)) return type_error(call, "kernel must be a string");
  if (strcmp(name, "avx512") == 0) {
    *kernel = KERNEL_AVX512;
  } else if (strcmp(name, "avx2") == 0) {
    *kernel = KERNEL_AVX2;
  } else if (strcmp(name, "shani") == 0) {
    *kernel = KERNEL_SHANI;
  } else {
    return range_error(call, "kernel must be 'avx512', 'avx2' or 'shani'");
  }
  if (!kernel_runs_on(call->cpu, *kernel)) {
    return range_error(call, "this kernel does not run on this processor");
  }
  return true;
}

/* An integer from 0 to 2^53 - 1 that a size_t holds as well. */
static bool read_size(const struct call *call, size_t i, const char *message, size_t *size) {
  double value;
  if (napi_get_value_double(call->env, call->arguments[i], &value) != napi_ok) {
    return type_error(call, message);
  }
  if (!(value >= 0 && value <= MAX_SAFE_INTEGER && value <= (double)(SIZE_MAX / 2)) ||
      floor(value) != value) {
    return range_error(call, message);
  }
  *size = (size_t)value;
  return true;
}

static bool read_typed_array(const struct call *call, size_t i, napi_typedarray_type wanted,
                             void **data, size_t *length) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(call->env, call->arguments[i], &is_typed_array) != napi_ok ||
      !is_typed_array ||
      napi_get_typedarray_info(call->env, call->arguments[i], &type, length, data, NULL, NULL) !=
          napi_ok) {
    return false;
  }
  return type == wanted;
}

/* An empty view may have no memory; it gets some, to point at and never to touch. */
static bool read_bytes(const struct call *call, size_t i, const char *message,
                       struct bytes *bytes) {
  static uint8_t nothing[1];
  void *data = NULL;
  if (!read_typed_array(call, i, napi_uint8_array, &data, &bytes->length)) {
    return type_error(call, message);
  }
  bytes->data = bytes->length == 0 ? nothing : data;
  return true;
}

static bool read_words(const struct call *call, size_t i, const char *message,
                       struct words *words) {
  static uint32_t nothing[1];
  void *data = NULL;
  if (!read_typed_array(call, i, napi_uint32_array, &data, &words->length)) {
    return type_error(call, message);
  }
  /* Memory that an embedder lent to V8 could lie anywhere. */
  if ((uintptr_t)data % _Alignof(uint32_t) != 0) return range_error(call, message);
  words->data = words->length == 0 ? nothing : data;
  return true;
}

/* Whether count items of `length` bytes, `stride` apart, lie within `available`. */
static bool fits(size_t available, size_t stride, size_t length, size_t count) {
  if (count == 0) return true;
  if (length > available) return false;
  return stride == 0 || count - 1 <= (available - length) / stride;
}

static napi_value set_flag(napi_env env, napi_value object, const char *name, bool value) {
  napi_value flag;
  if (napi_get_boolean(env, value, &flag) != napi_ok) return NULL;
  return napi_set_named_property(env, object, name, flag) == napi_ok ? object : NULL;
}

/* features() */
static napi_value features(napi_env env, napi_callback_info info) {
  struct call call;
  napi_value result;
  if (!begin(env, info, &call) || napi_create_object(env, &result) != napi_ok) return NULL;
  if (set_flag(env, result, "avx512", call.cpu->avx512) == NULL) return NULL;
  if (set_flag(env, result, "avx2", call.cpu->avx2) == NULL) return NULL;
  return set_flag(env, result, "shani", call.cpu->shani);
}

/* hash(kernel, algorithm, data, pieceLength, count, out) */
static napi_value hash(napi_env env, napi_callback_info info) {
  struct call call;
  enum kernel kernel;
  enum algorithm algorithm;
  struct bytes data, out;
  size_t piece_length, count;
  if (!begin(env, info, &call) || !read_kernel(&call, 0, &kernel) ||
      !read_algorithm(&call, 1, &algorithm) ||
      !read_bytes(&call, 2, "data must be a Uint8Array", &data) ||
      !read_size(&call, 3, "pieceLength must be a non-negative integer", &piece_length) ||
      !read_size(&call, 4, "count must be a non-negative integer", &count) ||
      !read_bytes(&call, 5, "out must be a Uint8Array", &out)) {
    return NULL;
  }
  if (!fits(data.length, piece_length, piece_length, count)) {
    range_error(&call, "data is shorter than count pieces");
    return NULL;
  }
  if (count > out.length / digest_bytes_of(algorithm)) {
    range_error(&call, "out is shorter than count digests");
    return NULL;
  }
  hash_pieces(call.cpu, kernel, algorithm, data.data, piece_length, count, out.data);
  return NULL;
}

static bool holds_lanes(const struct call *call, const struct words *state,
                        enum algorithm algorithm, size_t lanes) {
  return lanes <= state->length / words_of(algorithm) ||
         range_error(call, "state is shorter than lanes states");
}

/* init(algorithm, state, lanes) */
static napi_value init(napi_env env, napi_callback_info info) {
  struct call call;
  enum algorithm algorithm;
  struct words state;
  size_t lanes;
  if (!begin(env, info, &call) || !read_algorithm(&call, 0, &algorithm) ||
      !read_words(&call, 1, "state must be an aligned Uint32Array", &state) ||
      !read_size(&call, 2, "lanes must be a non-negative integer", &lanes) ||
      !holds_lanes(&call, &state, algorithm, lanes)) {
    return NULL;
  }
  init_lanes(algorithm, state.data, lanes);
  return NULL;
}

/* update(kernel, algorithm, state, data, stride, length, lanes) */
static napi_value update(napi_env env, napi_callback_info info) {
  struct call call;
  enum kernel kernel;
  enum algorithm algorithm;
  struct words state;
  struct bytes data;
  size_t stride, length, lanes;
  if (!begin(env, info, &call) || !read_kernel(&call, 0, &kernel) ||
      !read_algorithm(&call, 1, &algorithm) ||
      !read_words(&call, 2, "state must be an aligned Uint32Array", &state) ||
      !read_bytes(&call, 3, "data must be a Uint8Array", &data) ||
      !read_size(&call, 4, "stride must be a non-negative integer", &stride) ||
      !read_size(&call, 5, "length must be a non-negative integer", &length) ||
      !read_size(&call, 6, "lanes must be a non-negative integer", &lanes) ||
      !holds_lanes(&call, &state, algorithm, lanes)) {
    return NULL;
  }
  if (length % 64 != 0) {
    range_error(&call, "length must be a multiple of 64");
    return NULL;
  }
  if (!fits(data.length, stride, length, lanes)) {
    range_error(&call, "data is shorter than its lanes");
    return NULL;
  }
  update_lanes(call.cpu, kernel, algorithm, state.data, data.data, stride, length, lanes);
  return NULL;
}

/* finish(algorithm, state, tail, tailStride, tailLength, totalBytesPerLane, lanes, out) */
static napi_value finish(napi_env env, napi_callback_info info) {
  struct call call;
  enum kernel kernel;
  enum algorithm algorithm;
  struct words state;
  struct bytes tail, out;
  size_t stride, length, total, lanes;
  if (!begin(env, info, &call) || !read_algorithm(&call, 0, &algorithm) ||
      !read_words(&call, 1, "state must be an aligned Uint32Array", &state) ||
      !read_bytes(&call, 2, "tail must be a Uint8Array", &tail) ||
      !read_size(&call, 3, "tailStride must be a non-negative integer", &stride) ||
      !read_size(&call, 4, "tailLength must be a non-negative integer", &length) ||
      !read_size(&call, 5, "totalBytesPerLane must be a non-negative integer", &total) ||
      !read_size(&call, 6, "lanes must be a non-negative integer", &lanes) ||
      !read_bytes(&call, 7, "out must be a Uint8Array", &out) ||
      !holds_lanes(&call, &state, algorithm, lanes)) {
    return NULL;
  }
  if (!fits(tail.length, stride, length, lanes)) {
    range_error(&call, "tail is shorter than its lanes");
    return NULL;
  }
  if (total < length || (total - length) % 64 != 0) {
    range_error(&call, "totalBytesPerLane must be tailLength more than a multiple of 64");
    return NULL;
  }
  if (lanes > out.length / digest_bytes_of(algorithm)) {
    range_error(&call, "out is shorter than lanes digests");
    return NULL;
  }
  if (!default_kernel(call.cpu, &kernel)) {
    range_error(&call, "no native kernel runs on this processor");
    return NULL;
  }
  finish_lanes(call.cpu, kernel, algorithm, state.data, tail.data, stride, length, total, lanes,
               out.data);
  return NULL;
}

static void free_cpu(napi_env env, void *cpu, void *hint) {
  (void)env, (void)hint;
  free(cpu);
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"features", NULL, features, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hash", NULL, hash, NULL, NULL, NULL, napi_enumerable, NULL},
      {"init", NULL, init, NULL, NULL, NULL, napi_enumerable, NULL},
      {"update", NULL, update, NULL, NULL, NULL, napi_enumerable, NULL},
      {"finish", NULL, finish, NULL, NULL, NULL, napi_enumerable, NULL},
      {"statFiles", NULL, stat_files, NULL, NULL, NULL, napi_enumerable, NULL},
      {"tryReadLeases", NULL, try_read_leases, NULL, NULL, NULL, napi_enumerable, NULL},
      {"tryReadLeasesAsync", NULL, try_read_leases_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"openWriteWatch", NULL, open_watch, NULL, NULL, NULL, napi_enumerable, NULL},
      {"guardSignals", NULL, guard_signals, NULL, NULL, NULL, napi_enumerable, NULL},
      {"noticeSignal", NULL, notice_signal, NULL, NULL, NULL, napi_enumerable, NULL},
      {"watchWrites", NULL, watch_paths, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  struct cpu_features *cpu = malloc(sizeof *cpu);
  if (cpu == NULL) return NULL;
  *cpu = detect_cpu();
  if (napi_set_instance_data(env, cpu, free_cpu, NULL) != napi_ok) {
    free(cpu);
    return NULL;
  }
  if (napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions) !=
      napi_ok) {
    return NULL;
  }
  return exports;
}
