#define NAPI_VERSION 8
#include "job_request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "jobs/block_queue.h"

#define MAX_SAFE_INTEGER 9007199254740991.0

struct request {
  napi_env env;
  napi_value object;
  const char *fault; /* what is wrong with it; NULL for nothing */
};

struct array {
  void *data;
  size_t length;
};

bool read_kernel_name(napi_env env, const struct cpu_features *cpu, napi_value value,
                      enum kernel *kernel) {
  static const char *const names[] = {
      [KERNEL_AVX512] = "avx512", [KERNEL_AVX2] = "avx2", [KERNEL_SHANI] = "shani"};
  char name[16];
  size_t length = 0;
  /*
   * A name that is too long is cut off, and then equals no known name; a NUL would end it too early
   */
  if (napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "kernel must be a string");
    return false;
  }
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strlen(name) != length || strcmp(name, names[i]) != 0) continue;
    *kernel = (enum kernel)i;
    if (kernel_runs_on(cpu, *kernel)) return true;
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE",
                           "this kernel does not run on this processor");
    return false;
  }
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "kernel must be 'avx512', 'avx2' or 'shani'");
  return false;
}

static bool fail(struct request *request, const char *fault) {
  if (request->fault == NULL) request->fault = fault;
  return false;
}

static napi_value get(struct request *request, const char *name) {
  napi_value value = NULL;
  if (napi_get_named_property(request->env, request->object, name, &value) != napi_ok) {
    fail(request, name);
  }
  return value;
}

static double get_number(struct request *request, const char *name) {
  double number = 0;
  const napi_value value = get(request, name);
  if (value == NULL || napi_get_value_double(request->env, value, &number) != napi_ok) {
    fail(request, name);
  }
  return number;
}

/* An integer from `least` to 2^53 - 1. */
static uint64_t get_integer(struct request *request, const char *name, double least) {
  const double number = get_number(request, name);
  if (!(number >= least && number <= MAX_SAFE_INTEGER) || floor(number) != number) {
    fail(request, name);
    return (uint64_t)least;
  }
  return (uint64_t)number;
}

static bool get_flag(struct request *request, const char *name) {
  bool flag = false;
  const napi_value value = get(request, name);
  if (value == NULL || napi_get_value_bool(request->env, value, &flag) != napi_ok) {
    fail(request, name);
  }
  return flag;
}

/* Returns a typed array, or an array without data for null. */
static struct array get_array(struct request *request, const char *name,
                              napi_typedarray_type wanted) {
  static uint64_t nothing[1];
  struct array array = {NULL, 0};
  napi_valuetype kind;
  napi_typedarray_type type;
  bool is_array = false;
  const napi_value value = get(request, name);
  if (value == NULL || napi_typeof(request->env, value, &kind) != napi_ok) return array;
  if (kind == napi_null) return array;
  if (napi_is_typedarray(request->env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(request->env, value, &type, &array.length, &array.data, NULL,
                               NULL) != napi_ok ||
      type != wanted) {
    fail(request, name);
    return (struct array){NULL, 0};
  }
  /* An empty array may have no memory, but it is not null */
  if (array.length == 0) array.data = nothing;
  if ((uintptr_t)array.data % _Alignof(uint64_t) != 0 && wanted != napi_uint8_array &&
      wanted != napi_uint32_array) {
    fail(request, name);
  }
  if ((uintptr_t)array.data % _Alignof(uint32_t) != 0 && wanted == napi_uint32_array) {
    fail(request, name);
  }
  return array;
}

/* Returns the data of a typed array with at least this many elements; null is refused. */
static void *require_array(struct request *request, const char *name, napi_typedarray_type type,
                           size_t length) {
  const struct array array = get_array(request, name, type);
  if (array.data == NULL || array.length < length) fail(request, name);
  return array.data;
}

/* Copies the directories, each with a NUL at its end, and records where each begins. */
static bool read_directories(struct request *request, struct content_stream *stream, size_t *count) {
  const struct array paths = get_array(request, "directories", napi_uint8_array);
  const char *given = paths.data;
  if (given == NULL) return fail(request, "directories");
  *count = 0;
  for (size_t i = 0; i < paths.length; i++) *count += given[i] == '\0';
  if (paths.length > 0 && given[paths.length - 1] != '\0') return fail(request, "directories");
  /* The pointers, followed in the same block by the paths */
  const size_t head = (*count + 1) * sizeof *stream->directories;
  stream->directories = malloc(head + paths.length);
  if (stream->directories == NULL) return fail(request, "memory");
  char *next = (char *)stream->directories + head;
  if (paths.length > 0) memcpy(next, given, paths.length);
  for (size_t i = 0; i < *count; i++) {
    stream->directories[i] = next;
    next += strlen(next) + 1;
  }
  return true;
}

/* Reads where each file is. The names stay in JavaScript's memory; the last one ends with a NUL. */
static bool read_places(struct request *request, struct content_stream *stream) {
  const struct array numbers = get_array(request, "directoryOf", napi_uint32_array);
  if (numbers.data == NULL) return fail(request, "directoryOf");
  const size_t count = stream->file_count = numbers.length;
  stream->directory_of = numbers.data;
  size_t directory_count;
  if (!read_directories(request, stream, &directory_count)) return false;
  const struct array names = get_array(request, "names", napi_uint8_array);
  stream->names = names.data;
  stream->name_at = require_array(request, "nameAt", napi_uint32_array, count);
  if (request->fault != NULL) return false;
  if (names.length > 0 && stream->names[names.length - 1] != '\0') return fail(request, "names");
  for (size_t i = 0; i < count; i++) {
    if (is_padding(stream, i)) continue;
    if (stream->directory_of[i] >= directory_count) return fail(request, "directoryOf");
    if (stream->name_at[i] >= names.length) return fail(request, "nameAt");
  }
  return true;
}

/* Reads the offsets, which begin with 0 and rise from file to file, but not with an empty one. */
static bool read_offsets(struct request *request, struct content_stream *stream) {
  const struct array given = get_array(request, "offsets", napi_float64_array);
  const double *offsets = given.data;
  if (offsets == NULL || given.length != stream->file_count + 1) return fail(request, "offsets");
  double last = 0;
  for (size_t i = 0; i <= stream->file_count; i++) {
    const double offset = offsets[i];
    if (!(offset >= last && offset <= MAX_SAFE_INTEGER) || floor(offset) != offset ||
        (i == 0 && offset != 0)) {
      return fail(request, "offsets");
    }
    last = offset;
  }
  stream->offsets = offsets;
  return true;
}

static void throw_fault(napi_env env, const char *fault) {
  char message[80] = "not a job: ";
  strncat(message, fault, sizeof message - strlen(message) - 1);
  napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", message);
}

bool read_looked(napi_env env, napi_value object, struct looked *looked) {
  struct request request = {env, object, NULL};
  if (read_places(&request, &looked->files)) {
    const size_t count = looked->files.file_count;
    const struct array states = get_array(&request, "states", napi_uint8_array);
    const struct array rows = get_array(&request, "rows", napi_uint32_array);
    const size_t known = states.length / FINGERPRINT_LENGTH;
    looked->states = states.data;
    looked->rows = rows.data;
    looked->answers = require_array(&request, "answers", napi_uint8_array, count);
    if (looked->rows == NULL ? known < count : rows.length < count) fail(&request, "states");
    for (size_t i = 0; request.fault == NULL && looked->rows != NULL && i < count; i++) {
      if (looked->rows[i] >= known) fail(&request, "rows");
    }
  }
  if (request.fault != NULL) throw_fault(env, request.fault);
  return request.fault == NULL;
}

static bool read_stream(struct request *request, struct content_stream *stream) {
  stream->piece_length = get_integer(request, "pieceLength", 1);
  if (!read_places(request, stream) || !read_offsets(request, stream)) return false;
  const struct array identities = get_array(request, "identities", napi_biguint64_array);
  if (identities.data != NULL && identities.length < 2 * stream->file_count) {
    return fail(request, "identities");
  }
  stream->identities = identities.data;
  const struct array written = get_array(request, "written", napi_uint8_array);
  if (written.data != NULL && written.length < stream->file_count) return fail(request, "written");
  stream->written = written.data;
  stream->refuses_written = get_flag(request, "refusesWritten");
  return request->fault == NULL;
}

/* Reads the indices of the pieces, which must be in the stream and rise: only the last may be short. */
static bool read_pieces(struct request *request, struct hash_job *job) {
  const struct array pieces = get_array(request, "pieces", napi_uint32_array);
  const uint64_t all = count_pieces(&job->stream);
  job->pieces = pieces.data;
  job->piece_count = job->pieces == NULL ? (size_t)all : pieces.length;
  for (size_t i = 0; job->pieces != NULL && i < job->piece_count; i++) {
    if (job->pieces[i] >= all || (i > 0 && job->pieces[i] <= job->pieces[i - 1])) {
      return fail(request, "pieces");
    }
  }
  return true;
}

static void read_plan(struct request *request, struct batch_plan *plan) {
  plan->pieces_per_batch = (size_t)get_integer(request, "piecesPerBatch", 1);
  plan->full_batches = (size_t)get_integer(request, "fullBatches", 0);
  plan->pieces_per_rest = (size_t)get_integer(request, "piecesPerRest", 1);
}

static void read_digests(struct request *request, struct hash_job *job) {
  if (get_flag(request, "wantsPieces")) {
    job->piece_digests = require_array(request, "pieceDigests", napi_uint8_array,
                                       job->piece_count * digest_bytes_of(SHA1));
  }
  const struct array first = get_array(request, "firstBlocks", napi_uint32_array);
  job->first_blocks = first.data;
  if (first.data == NULL && job->piece_digests == NULL) fail(request, "wantsPieces");
  if (first.data == NULL) return;
  const struct array blocks = get_array(request, "blockDigests", napi_uint8_array);
  if (blocks.data == NULL || first.length < job->piece_count + 1 ||
      job->stream.piece_length % FILE_BLOCK != 0) {
    fail(request, "firstBlocks");
  }
  job->block_digests = blocks.data;
  job->block_count = blocks.length / digest_bytes_of(SHA256);
}

static void read_failures(struct request *request, struct hash_job *job) {
  const struct array pieces = get_array(request, "failedPieces", napi_uint8_array);
  if (pieces.data == NULL) return;
  if (pieces.length < count_pieces(&job->stream)) fail(request, "failedPieces");
  job->failed_pieces = pieces.data;
  job->reasons = require_array(request, "reasons", napi_int32_array, job->stream.file_count);
}

static void read_throttle(struct request *request, struct hash_job *job) {
  const struct array turn = get_array(request, "nextTurn", napi_bigint64_array);
  if (turn.data == NULL) return;
  if (turn.length == 0) fail(request, "nextTurn");
  job->next_turn = turn.data;
  job->bytes_per_second = get_number(request, "bytesPerSecond");
  if (!(job->bytes_per_second > 0)) fail(request, "bytesPerSecond");
}

bool read_job(napi_env env, const struct cpu_features *cpu, napi_value object,
              struct hash_job *job) {
  struct request request = {env, object, NULL};
  memset(job, 0, sizeof *job);
  job->cpu = cpu;
  const napi_value kernel = get(&request, "kernel");
  if (kernel != NULL && !read_kernel_name(env, cpu, kernel, &job->kernel)) return false;
  if (read_stream(&request, &job->stream) && read_pieces(&request, job)) {
    read_plan(&request, &job->plan);
    read_digests(&request, job);
    read_failures(&request, job);
    read_throttle(&request, job);
    job->is_in_order = get_flag(&request, "isInOrder");
    job->control = require_array(&request, "control", napi_int32_array, CONTROLS);
    job->progress = require_array(&request, "progress", napi_bigint64_array, 1);
    job->is_done = require_array(&request, "isDone", napi_uint8_array, job->piece_count);
  }
  if (request.fault == NULL) return true;
  free_job(job);
  throw_fault(env, request.fault);
  return false;
}

void free_job(struct hash_job *job) {
  free(job->stream.directories);
}
