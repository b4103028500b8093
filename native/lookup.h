/*
 * Does the same for each of many paths in one call, on this thread or off the event loop. A call from
 * JavaScript for each would take longer than what is done.
 */
#ifndef BTKIT_LOOKUP_H
#define BTKIT_LOOKUP_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "shares.h"
#include "small_files.h"

/* Longer than any path that the system accepts. */
#define MAX_PATH_LENGTH 8192

struct lookup;

/* Fills the answer, zeros so far, for path number i. Called on several threads. */
typedef void look_fn(const struct lookup *lookup, uint32_t i, const char *path, uint8_t *answer);

/* Paths, and the place for the answers. */
struct lookup {
  look_fn *look;
  size_t answer_length; /* in bytes */
  int directory;        /* where relative paths begin */
  uint32_t count;
  uint32_t most; /* of names to read from a directory */
  char *names; /* one after the other, each ended by a NUL; an empty one stands for an invalid one */
  size_t length;
  size_t room;
  size_t *starts;
  char *kinds; /* of listed names, as their directory has them; NULL for others */
  uint8_t *answers;
  struct shares shares;
  /* For some: the kernel of small files, where their bytes go, and what each draft gets */
  struct cpu_features cpu;
  enum kernel kernel;
  struct room *target;
  struct draft *drafts;
};

/* A lookup off the event loop. */
struct later {
  struct lookup lookup;
  char path[MAX_PATH_LENGTH]; /* of a directory, or a result */
  void (*work)(struct later *later);
  /* Returns the result; NULL if there is no memory. */
  napi_value (*give)(napi_env env, struct lookup *lookup);
  napi_ref kept; /* what must stay in memory meanwhile; may be NULL */
  void *data;    /* freed with it */
  napi_async_work handle;
  napi_deferred deferred;
};

/* Throws a TypeError, and returns NULL. */
napi_value refuse(napi_env env, const char *message);

/* Reads a string. A string that is too long for the buffer or contains a NUL is no file's name. */
bool read_string(napi_env env, napi_value value, char *buffer, size_t size);

/* Reads an array of names; throws and returns false for anything else. */
bool read_names(napi_env env, napi_value names, struct lookup *lookup);

/* Adds name number i, for which there is a start. Returns false if there is no memory. */
bool add_name(struct lookup *lookup, uint32_t i, const char *name);

/* Allocates the answers. Returns false if there is no memory. */
bool make_answers(struct lookup *lookup);

void look_up_all(struct lookup *lookup);

/* Hands the answers over as an Int32Array; NULL if there is no memory. */
napi_value give_answers(napi_env env, struct lookup *lookup);

void free_lookup(struct lookup *lookup);

/* Creates a lookup of paths; throws and returns NULL if there is no memory. */
struct later *create_later(napi_env env, look_fn *look, size_t answer_length);

/* Starts it, and returns its promise; it frees itself. Without a promise, throws and returns NULL. */
napi_value begin_later(napi_env env, struct later *later);

/* The same for these paths. */
napi_value look_up_later(napi_env env, struct later *later, napi_value paths);

void free_later(napi_env env, struct later *later);

#endif
