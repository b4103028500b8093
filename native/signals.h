#ifndef BTKIT_SIGNALS_H
#define BTKIT_SIGNALS_H

#include <node_api.h>

/*
 * endAfterSignal(milliseconds): the first SIGINT or SIGTERM goes to the handler that is there now, and
 * gives both back to the system. A second one therefore ends the process at once, even while its
 * threads wait in system calls; without one, it dies of the first after this time. Call it early: it
 * only protects threads that do not exist yet.
 */
napi_value end_after_signal(napi_env env, napi_callback_info info);

/*
 * endNow(status): ends the process without waiting for its threads, as an exit does: one may wait for
 * the lock of a database that another process holds.
 */
napi_value end_now(napi_env env, napi_callback_info info);

/* ignoreLeaseSignals(): see read_lease.h. Only for a process of our own. */
napi_value ignore_lease_signals_of_process(napi_env env, napi_callback_info info);

#endif
