#ifndef BTKIT_JOB_REQUEST_H
#define BTKIT_JOB_REQUEST_H

#include <node_api.h>

#include "jobs/job.h"

/*
 * Reads a job from its JavaScript object (NativeJob of src/disk/hash/kernels.ts), and checks it.
 * Returns false after throwing an exception if it is invalid. The memory of the results stays
 * JavaScript's, so the object must live as long as the job.
 */
bool read_job(napi_env env, const struct cpu_features *cpu, napi_value request,
              struct hash_job *job);

/* Frees the memory that read_job allocated. */
void free_job(struct hash_job *job);

/* Files to be looked at again, and the place for the answers. */
struct looked {
  struct content_stream files;
  const uint8_t *states;
  const uint32_t *rows; /* which state is that of each file; NULL: the one of its number */
  uint8_t *answers;
};

/*
 * Reads such files, as look_again.h says. Returns false after throwing an exception. The caller frees
 * the directories in any case.
 */
bool read_looked(napi_env env, napi_value request, struct looked *looked);

/*
 * Finds a kernel by its name. Returns false after throwing an exception if it does not exist or
 * cannot run here.
 */
bool read_kernel_name(napi_env env, const struct cpu_features *cpu, napi_value name,
                      enum kernel *kernel);

#endif
