#ifndef BTKIT_BELOW_ROOT_H
#define BTKIT_BELOW_ROOT_H

#include <node_api.h>

/*
 * The look at a path below the root of a mirror, in bytes. The words up to `mode` are little-endian,
 * the others as the machine has them; src/mirror/tree/below-root.ts reads them.
 */
enum {
  LOOK_FINGERPRINT = 0,      /* 40 bytes, see src/disk/file-lists/fingerprint.ts */
  LOOK_PARENT = 40,          /* the same of the directory that contains the entry */
  LOOK_ROOT_DEVICE = 80,     /* 8 bytes */
  LOOK_MODE = 88,            /* st_mode; int32_t, as those that follow */
  LOOK_WAITS = 92,           /* enum waits: how the root's file system is read */
  LOOK_IS_LINK = 96,         /* whether the path itself is a link */
  LOOK_IS_READABLE = 100,    /* whether this process may read it */
  LOOK_TAKEN = 104,          /* a bit for each given name that the directory contains */
  LOOK_ERROR = 108,          /* errno if there is no such entry; the path is empty then */
  LOOK_LISTING = 112,        /* where the names in the directory begin; 0 if they are not there */
  LOOK_LENGTH = 116          /* followed by the real path and that of the root, each with a NUL */
};

/*
 * lookBelow([root, path, rule, ...names], most: number): Promise<Buffer>
 *
 * Looks at a path below the root, off the event loop. The path has no slash at its ends; '.' is the
 * root. With the rule 'beneath', no link leads out of the root, whatever others exchange meanwhile;
 * EXDEV says that one leads out, or is absolute. With 'anywhere', links may lead anywhere. Behind the
 * look of a directory with fewer than `most` names are these, as those of listNamesAsync.
 */
napi_value look_below(napi_env env, napi_callback_info info);

/*
 * lookNow([root, path, rule, ...names], look: Uint8Array): Buffer
 *
 * Does the same at once, and never waits for a disk: the error is EAGAIN then. The other look is one
 * below the same root, whose device it knows.
 */
napi_value look_now(napi_env env, napi_callback_info info);

/*
 * openNow(root, path, rule, look, target, offset, flags, result): void
 * openLater(root, path, rule, look, target, offset, flags, result): Promise<void>
 *
 * Opens a file if it and its directory are in the state of its look, and reads into the target from the
 * offset on. `result` is an Int32Array: the descriptor; the bytes read; errno. openNow never waits for a
 * disk: errno is EAGAIN then, as for another state. Of a path with a slash at its end, only the
 * directory's state is compared.
 */
enum {
  KEEPS_OPEN = 1, /* more will be read; else the descriptor is -1 if the target is full */
  IS_FRESH = 2    /* the state of the directory does not count */
};

napi_value open_now(napi_env env, napi_callback_info info);
napi_value open_later(napi_env env, napi_callback_info info);

/*
 * readNow(descriptor, waits, target, offset): number
 *
 * Reads from an open file what is in memory. Returns the number of bytes, or a negative errno; EAGAIN
 * if it would have to wait.
 */
napi_value read_now(napi_env env, napi_callback_info info);

#endif
