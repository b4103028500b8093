#ifndef BTKIT_READ_FILES_H
#define BTKIT_READ_FILES_H

#include <node_api.h>

/*
 * readFiles(paths: string[], memory: Uint8Array): Promise<Int32Array>
 *
 * Reads whole regular files, links followed, off the event loop. The content goes one after the
 * other into `memory`, which nobody else may use meanwhile. Each file has sixteen words: its result
 * (enum file_reading); st_mode, user and group; the offset and the length of its bytes in the
 * memory; and its fingerprint from before it was read. After the first file that is FULL, all
 * others are FULL.
 */
enum file_reading {
  UNREAD,   /* not there, not a regular file, not to be read, or changed meanwhile */
  READ,     /* the permissions forbid to change it */
  EDITABLE, /* they do not */
  FULL      /* the rest of the memory does not hold it */
};

napi_value read_files(napi_env env, napi_callback_info info);

#endif
