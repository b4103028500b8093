#ifndef BTKIT_JOB_REQUEST_H
#define BTKIT_JOB_REQUEST_H

#include <node_api.h>

#include "jobs/job.h"

/*
 * Reads a job from the object that JavaScript describes it with (NativeJob of
 * src/hash/jobs/native-job.ts), and checks it. False, with an exception thrown, when it is none.
 * The memory that results go to stays JavaScript's: the object must live as long as the job.
 */
bool read_job(napi_env env, const struct cpu_features *cpu, napi_value request,
              struct hash_job *job);

/* Frees what read_job allocated. */
void free_job(struct hash_job *job);

/* A kernel by its name; false, with an exception thrown, when there is none that runs here. */
bool read_kernel_name(napi_env env, const struct cpu_features *cpu, napi_value name,
                      enum kernel *kernel);

#endif
