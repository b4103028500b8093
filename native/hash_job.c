#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "hash_job.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "instance.h"
#include "job_request.h"
#include "shares.h"
#include "stream/open_files.h"

/* undefined, or [index of the file, reason] of a job that failed. */
static napi_value describe_end(napi_env env, const struct hash_job *job) {
  napi_value end, file, reason;
  if (job->failure == 0) return napi_get_undefined(env, &end) == napi_ok ? end : NULL;
  if (napi_create_array_with_length(env, 2, &end) != napi_ok ||
      napi_create_double(env, (double)job->failed_file, &file) != napi_ok ||
      napi_create_int32(env, job->failure, &reason) != napi_ok ||
      napi_set_element(env, end, 0, file) != napi_ok ||
      napi_set_element(env, end, 1, reason) != napi_ok) {
    return NULL;
  }
  return end;
}

napi_value hash_job_here(napi_env env, napi_callback_info info) {
  struct instance *instance = get_instance(env);
  struct hash_job job;
  napi_value request;
  size_t count = 1;
  if (instance == NULL || napi_get_cb_info(env, info, &count, &request, NULL, NULL) != napi_ok ||
      !read_job(env, &instance->cpu, request, &job)) {
    return NULL;
  }
  run_share(&job, &instance->worker);
  const napi_value end = describe_end(env, &job);
  free_job(&job);
  return end;
}

/* A running job. */
struct run {
  struct hash_job job; /* first, so that a job leads to its run */
  struct cpu_features cpu;
  napi_ref request; /* keeps the memory alive that the results go to */
  napi_deferred deferred;
  napi_threadsafe_function done;
  int niceness;
  size_t at_work; /* threads that have not finished */
  pthread_t helpers[MOST_WAITING]; /* started when the threads were seen to wait */
  size_t helper_count;
  int32_t has_help;
  size_t thread_count;
  pthread_t threads[];
};

/* On Linux each thread has its own niceness; elsewhere this would change the whole process. */
static void yield_to_others(int niceness) {
#ifdef __linux__
  if (niceness > 0) setpriority(PRIO_PROCESS, 0, niceness);
#else
  (void)niceness;
#endif
}

static void work_on(struct run *run) {
  struct worker worker = {.buffer = NULL};
  run_share(&run->job, &worker);
  free_buffer(&worker);
  if (__atomic_sub_fetch(&run->at_work, 1, __ATOMIC_SEQ_CST) == 0) {
    napi_call_threadsafe_function(run->done, NULL, napi_tsfn_blocking);
  }
}

static void *work(void *data) {
  struct run *run = data;
  yield_to_others(run->niceness);
  work_on(run);
  return NULL;
}

/* Starts threads that wait beside those that wait for a disk; one of these calls it, with its job. */
static void call_help(struct hash_job *job) {
  struct run *run = (struct run *)job;
  if (__atomic_exchange_n(&run->has_help, 1, __ATOMIC_SEQ_CST) != 0) return;
  for (bool is_started = true; is_started && run->helper_count < MOST_WAITING;) {
    __atomic_add_fetch(&run->at_work, 1, __ATOMIC_SEQ_CST);
    is_started = pthread_create(&run->helpers[run->helper_count], NULL, work, run) == 0;
    if (is_started) run->helper_count++;
    else __atomic_sub_fetch(&run->at_work, 1, __ATOMIC_SEQ_CST);
  }
}

static void join_threads(struct run *run) {
  for (size_t i = 0; i < run->thread_count; i++) pthread_join(run->threads[i], NULL);
  /* Only those threads started others */
  for (size_t i = 0; i < run->helper_count; i++) pthread_join(run->helpers[i], NULL);
  run->thread_count = run->helper_count = 0;
}

/* Stops the job if JavaScript ends first: its memory is freed, so nothing may be written to it. */
static void abandon(void *data) {
  struct run *run = data;
  stop_job(&run->job);
  join_threads(run);
}

/* Runs on JavaScript's thread when the last thread of the job has ended. */
static void finish(napi_env env, napi_value callback, void *context, void *data) {
  struct run *run = context;
  (void)callback, (void)data;
  if (env == NULL) return;
  join_threads(run);
  napi_remove_env_cleanup_hook(env, abandon, run);
  const napi_value end = describe_end(env, &run->job);
  if (end != NULL) napi_resolve_deferred(env, run->deferred, end);
  napi_delete_reference(env, run->request);
  napi_release_threadsafe_function(run->done, napi_tsfn_release);
}

static void free_run(napi_env env, void *data, void *hint) {
  struct run *run = data;
  (void)env, (void)hint;
  free_job(&run->job);
  free(run);
}

/* Starts as many threads as the system grants. They leave signals to the other threads. */
static void start_threads(struct run *run, size_t wanted) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  run->at_work = wanted;
  while (run->thread_count < wanted &&
         pthread_create(&run->threads[run->thread_count], NULL, work, run) == 0) {
    run->thread_count++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  /* This thread does the work of the threads that could not start; the first call does all of it */
  for (size_t i = run->thread_count; i < wanted; i++) work_on(run);
}

static bool set_up(napi_env env, napi_value request, struct run *run, napi_value *promise) {
  napi_value name;
  if (napi_create_reference(env, request, 1, &run->request) != napi_ok) return false;
  if (napi_create_string_utf8(env, "btkit:hash", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_promise(env, &run->deferred, promise) == napi_ok &&
      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, run, free_run, run, finish,
                                      &run->done) == napi_ok) {
    return true;
  }
  napi_delete_reference(env, run->request);
  return false;
}

#define MAX_THREADS 1024

/*
 * Whether other threads may help those that wait for a disk. Large files are read in long stretches,
 * for which a disk needs no more threads. With a limited rate, threads wait for their turns.
 */
static bool may_have_help(const struct hash_job *job) {
  return job->next_turn == NULL && stream_length(&job->stream) / SMALL_FILE < job->stream.file_count;
}

static struct run *create_run(napi_env env, const napi_value *arguments, uint32_t *threads) {
  const struct instance *instance = get_instance(env);
  int32_t niceness;
  if (instance == NULL || napi_get_value_uint32(env, arguments[1], threads) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &niceness) != napi_ok || *threads == 0 ||
      *threads > MAX_THREADS) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "threads must be from 1 to 1024");
    return NULL;
  }
  struct run *run = calloc(1, sizeof *run + *threads * sizeof run->threads[0]);
  if (run == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  run->cpu = instance->cpu;
  run->niceness = niceness;
  if (read_job(env, &run->cpu, arguments[0], &run->job)) {
    if (*threads > 1 && may_have_help(&run->job)) run->job.call_help = call_help;
    return run;
  }
  free(run);
  return NULL;
}

napi_value hash_job_on_threads(napi_env env, napi_callback_info info) {
  napi_value arguments[3], promise;
  uint32_t threads;
  size_t count = 3;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
  struct run *run = create_run(env, arguments, &threads);
  if (run == NULL) return NULL;
  if (!set_up(env, arguments[0], run, &promise)) {
    free_run(env, run, NULL);
    return NULL;
  }
  napi_add_env_cleanup_hook(env, abandon, run);
  start_threads(run, threads);
  return promise;
}
