#ifndef BTKIT_HASH_JOB_H
#define BTKIT_HASH_JOB_H

#include <node_api.h>

/*
 * hashJob(request): runs a job on the calling thread. Returns undefined; if a file cannot be read,
 * its index and the reason (open_files.h).
 */
napi_value hash_job_here(napi_env env, napi_callback_info info);

/*
 * hashJobOnThreads(request, threads, niceness): runs a job on this many system threads with this
 * niceness. Returns a promise of the same result.
 */
napi_value hash_job_on_threads(napi_env env, napi_callback_info info);

#endif
