/* Brings many new files to the disk together. fsync(2) of each would write the journal each time. */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "sync_file_system.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/utsname.h>
#include <sys/vfs.h>
#endif

#define UNABLE (-1)

struct job {
  int descriptor;
  int32_t answer;
  napi_async_work work;
  napi_deferred deferred;
};

#ifdef __linux__

/* Whether a file system keeps its data on this machine and is known to behave. */
static bool is_local(uint32_t type) {
  switch (type) {
    case 0xef53u:     /* ext2, ext3, ext4 */
    case 0x58465342u: /* XFS */
    case 0x9123683eu: /* Btrfs */
    case 0x01021994u: /* tmpfs */
      return true;
    default: return false;
  }
}

/*
 * syncfs(2) reports failed writes since Linux 5.8. File systems that store data elsewhere may do
 * nothing at all.
 */
static bool tells_errors(int descriptor) {
  struct utsname system;
  struct statfs stats;
  int major = 0, minor = 0;
  if (uname(&system) != 0 || sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
  if (major < 5 || (major == 5 && minor < 8) || fstatfs(descriptor, &stats) != 0) return false;
  return is_local((uint32_t)stats.f_type);
}

static int32_t sync_all(int descriptor) {
  if (!tells_errors(descriptor)) return UNABLE;
  return syncfs(descriptor) == 0 ? 0 : errno;
}

#else

static int32_t sync_all(int descriptor) {
  (void)descriptor;
  return UNABLE;
}

#endif

static void run(napi_env env, void *data) {
  struct job *job = data;
  (void)env;
  job->answer = sync_all(job->descriptor);
}

static void finish(napi_env env, napi_status status, void *data) {
  struct job *job = data;
  napi_value answer;
  napi_delete_async_work(env, job->work);
  /* Cancelled only if the JavaScript that waits is ended */
  if (status == napi_ok && napi_create_int32(env, job->answer, &answer) == napi_ok) {
    napi_resolve_deferred(env, job->deferred, answer);
  }
  free(job);
}

napi_value sync_file_system(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, name, promise;
  int32_t descriptor;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_value_int32(env, argument, &descriptor) != napi_ok || descriptor < 0) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "descriptor must be a file descriptor");
    return NULL;
  }
  struct job *job = calloc(1, sizeof *job);
  if (job == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  job->descriptor = descriptor;
  if (napi_create_string_utf8(env, "btkit:sync", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, NULL, name, run, finish, job, &job->work) == napi_ok) {
    if (napi_create_promise(env, &job->deferred, &promise) == napi_ok &&
        napi_queue_async_work(env, job->work) == napi_ok) {
      return promise;
    }
    napi_delete_async_work(env, job->work);
  }
  free(job);
  return NULL;
}
