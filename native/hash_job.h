#ifndef BTKIT_HASH_JOB_H
#define BTKIT_HASH_JOB_H

#include <node_api.h>

/*
 * hashJob(request): does a job on the calling thread. Returns undefined, or if a file can't be read
 * its index and the reason (open_files.h).
 */
napi_value hash_job_here(napi_env env, napi_callback_info info);

/*
 * hashJobOnThreads(request, threads, niceness): does it on so many threads of the system, which
 * leave the processor to others as their niceness says. Returns a promise of the same.
 */
napi_value hash_job_on_threads(napi_env env, napi_callback_info info);

#endif
