#ifndef BTKIT_INSTANCE_H
#define BTKIT_INSTANCE_H

#include <node_api.h>

#include "cpu.h"
#include "jobs/hash_batch.h"

/* The addon's data for each JavaScript thread that loads it. */
struct instance {
  struct cpu_features cpu;
  struct worker worker; /* for jobs that run on this thread */
};

struct instance *get_instance(napi_env env);

#endif
