/*
 * The border between JavaScript and batch.c: it checks every argument, and nothing behind it checks
 * again. Also lists the exports of the other files. The addon has no globals that change, so any
 * number of worker threads can load it. Each thread detects the processor's features once (cpuid is
 * slow under a hypervisor) and keeps them as its instance data.
 */
#define NAPI_VERSION 8
#include <node_api.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "below_root.h"
#include "drafts.h"
#include "file_lock.h"
#include "hash_job.h"
#include "instance.h"
#include "job_request.h"
#include "kernels/kernels.h"
#include "look_again.h"
#include "lookup.h"
#include "notify.h"
#include "rc4.h"
#include "signals.h"
#include "stat_files.h"
#include "sync_file_system.h"
#include "udp_port.h"
#include "waiting.h"

#define MAX_ARGUMENTS 7
/* From 1 KiB to more than memory has. */
#define MAX_DOUBLINGS 30
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

static bool type_error(const struct call *call, const char *message) {
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", message);
  return false;
}

static bool range_error(const struct call *call, const char *message) {
  napi_throw_range_error(call->env, "ERR_OUT_OF_RANGE", message);
  return false;
}

/* Missing arguments are read as undefined, and are refused as such. */
static bool begin(napi_env env, napi_callback_info info, struct call *call) {
  size_t count = MAX_ARGUMENTS;
  const struct instance *instance = get_instance(env);
  call->env = env;
  if (napi_get_cb_info(env, info, &count, call->arguments, NULL, NULL) != napi_ok) return false;
  if (instance == NULL) return false;
  call->cpu = &instance->cpu;
  return true;
}

/*
 * A name that is too long for the buffer is cut off, and then equals no known name. A NUL inside it
 * would end it too early.
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
  return read_kernel_name(call->env, call->cpu, call->arguments[i], kernel);
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

/* An empty view may have no memory. It gets an address that is never read or written. */
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

/* Whether count pieces lie within `available` bytes. */
static bool fits(size_t available, size_t piece_length, size_t count) {
  return count == 0 || piece_length == 0 || count <= available / piece_length;
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

/* Pieces to hash, and where their digests go. */
struct hashing {
  struct cpu_features cpu;
  enum kernel kernel;
  enum algorithm algorithm;
  struct bytes data, out;
  size_t piece_length, count, doublings;
};

static bool read_hashing(struct call *call, struct hashing *hashing) {
  if (!read_kernel(call, 0, &hashing->kernel) || !read_algorithm(call, 1, &hashing->algorithm) ||
      !read_bytes(call, 2, "data must be a Uint8Array", &hashing->data) ||
      !read_size(call, 3, "pieceLength must be a non-negative integer", &hashing->piece_length) ||
      !read_size(call, 4, "count must be a non-negative integer", &hashing->count) ||
      !read_bytes(call, 5, "out must be a Uint8Array", &hashing->out)) {
    return false;
  }
  hashing->cpu = *call->cpu;
  if (!fits(hashing->data.length, hashing->piece_length, hashing->count)) {
    return range_error(call, "data is shorter than count pieces");
  }
  if (hashing->count > hashing->out.length / digest_bytes_of(hashing->algorithm)) {
    return range_error(call, "out is shorter than count digests");
  }
  return true;
}

/* The digests of all lengths together are less than twice those of the shortest. */
static bool read_doublings(struct call *call, struct hashing *hashing) {
  if (!read_size(call, 6, "doublings must be a non-negative integer", &hashing->doublings)) {
    return false;
  }
  if (hashing->doublings == 0) return true;
  if (hashing->doublings > MAX_DOUBLINGS || hashing->piece_length % BLOCK_BYTES != 0 ||
      hashing->count % ((size_t)1 << hashing->doublings) != 0) {
    return range_error(call, "pieces cannot be doubled so often");
  }
  if (2 * hashing->count > hashing->out.length / digest_bytes_of(hashing->algorithm)) {
    return range_error(call, "out is shorter than two times count digests");
  }
  return true;
}

static void run_hashing(const struct hashing *hashing) {
  if (hashing->doublings > 0) {
    hash_doublings(&hashing->cpu, hashing->kernel, hashing->algorithm, hashing->data.data,
                   hashing->piece_length, hashing->count, (unsigned)hashing->doublings,
                   hashing->out.data);
    return;
  }
  hash_pieces(&hashing->cpu, hashing->kernel, hashing->algorithm, hashing->data.data,
              hashing->piece_length, hashing->count, hashing->out.data);
}

/* hash(kernel, algorithm, data, pieceLength, count, out) */
static napi_value hash(napi_env env, napi_callback_info info) {
  struct call call;
  struct hashing hashing = {.doublings = 0};
  if (begin(env, info, &call) && read_hashing(&call, &hashing)) run_hashing(&hashing);
  return NULL;
}

static void hash_on_thread(struct later *later) { run_hashing(later->data); }

/* The lookup is the beginning of its `later`. */
static napi_value give_nothing(napi_env env, struct lookup *lookup) {
  napi_value nothing;
  (void)lookup;
  return napi_get_undefined(env, &nothing) == napi_ok ? nothing : NULL;
}

/*
 * hashLater(kernel, algorithm, data, pieceLength, count, out, doublings) keeps both views until it
 * has ended.
 */
static napi_value hash_later(napi_env env, napi_callback_info info) {
  struct call call;
  napi_value kept;
  struct hashing *hashing = calloc(1, sizeof *hashing);
  struct later *later = create_later(env, NULL, 0);
  if (hashing != NULL && later != NULL) {
    later->data = hashing;
    later->work = hash_on_thread;
    later->give = give_nothing;
    if (begin(env, info, &call) && read_hashing(&call, hashing) &&
        read_doublings(&call, hashing) &&
        napi_create_array_with_length(env, 2, &kept) == napi_ok &&
        napi_set_element(env, kept, 0, call.arguments[2]) == napi_ok &&
        napi_set_element(env, kept, 1, call.arguments[5]) == napi_ok &&
        napi_create_reference(env, kept, 1, &later->kept) == napi_ok) {
      return begin_later(env, later);
    }
  } else {
    free(hashing);
    napi_throw_error(env, NULL, "out of memory");
  }
  if (later != NULL) free_later(env, later);
  return NULL;
}

static void free_instance(napi_env env, void *data, void *hint) {
  struct instance *instance = data;
  (void)env, (void)hint;
  free_buffer(&instance->worker);
  free(instance);
}

struct instance *get_instance(napi_env env) {
  void *instance = NULL;
  return napi_get_instance_data(env, &instance) == napi_ok ? instance : NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"features", NULL, features, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hash", NULL, hash, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hashLater", NULL, hash_later, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hashJob", NULL, hash_job_here, NULL, NULL, NULL, napi_enumerable, NULL},
      {"hashJobOnThreads", NULL, hash_job_on_threads, NULL, NULL, NULL, napi_enumerable, NULL},
      {"askLeasesAsync", NULL, ask_leases_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"listFiles", NULL, list_files, NULL, NULL, NULL, napi_enumerable, NULL},
      {"listFilesAsync", NULL, list_files_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"listNamesAsync", NULL, list_names_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lookAgain", NULL, look_again, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lookAgainAsync", NULL, look_again_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lstatPathsAsync", NULL, lstat_paths_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readSmallFilesAsync", NULL, read_small_files_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"loadFilesAsync", NULL, load_files_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"copyAcl", NULL, copy_acl, NULL, NULL, NULL, napi_enumerable, NULL},
      {"writeDraftsAsync", NULL, write_drafts_async, NULL, NULL, NULL, napi_enumerable, NULL},
      {"sendDatagram", NULL, send_datagram, NULL, NULL, NULL, napi_enumerable, NULL},
      {"syncFileSystem", NULL, sync_file_system, NULL, NULL, NULL, napi_enumerable, NULL},
      {"acceptWaiting", NULL, accept_waiting, NULL, NULL, NULL, napi_enumerable, NULL},
      {"rc4", NULL, rc4, NULL, NULL, NULL, napi_enumerable, NULL},
      {"limitUnsent", NULL, limit_unsent, NULL, NULL, NULL, napi_enumerable, NULL},
      {"endNow", NULL, end_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"endAfterSignal", NULL, end_after_signal, NULL, NULL, NULL, napi_enumerable, NULL},
      {"ignoreLeaseSignals", NULL, ignore_lease_signals_of_process, NULL, NULL, NULL, napi_enumerable,
       NULL},
      {"tryLock", NULL, try_lock, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lockByte", NULL, lock_byte, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lookBelow", NULL, look_below, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lookNow", NULL, look_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"openNow", NULL, open_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"openLater", NULL, open_later, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readNow", NULL, read_now, NULL, NULL, NULL, napi_enumerable, NULL},
      {"udpOpen", NULL, udp_open, NULL, NULL, NULL, napi_enumerable, NULL},
      {"udpFollow", NULL, udp_follow, NULL, NULL, NULL, napi_enumerable, NULL},
      {"udpName", NULL, udp_name, NULL, NULL, NULL, napi_enumerable, NULL},
      {"udpTake", NULL, udp_take, NULL, NULL, NULL, napi_enumerable, NULL},
      {"udpSend", NULL, udp_send, NULL, NULL, NULL, napi_enumerable, NULL},
      {"udpClose", NULL, udp_close, NULL, NULL, NULL, napi_enumerable, NULL},
      {"unlockByte", NULL, unlock_byte, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  struct instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return NULL;
  instance->cpu = detect_cpu();
  if (napi_set_instance_data(env, instance, free_instance, NULL) != napi_ok) {
    free(instance);
    return NULL;
  }
  if (napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions) !=
      napi_ok) {
    return NULL;
  }
  return exports;
}
