#ifndef BTKIT_SIGNALS_H
#define BTKIT_SIGNALS_H

#include <node_api.h>

/*
 * guardSignals(signals: number[], seconds: number): void
 *
 * Call this when Node handles these signals. Each signal still reaches Node. It ends the process if
 * noticeSignal is not called within `seconds`, or if another of these signals comes first. Throws a
 * TypeError for arguments of the wrong kind.
 */
napi_value guard_signals(napi_env env, napi_callback_info info);

/* noticeSignal(): void. Confirms the last signal. */
napi_value notice_signal(napi_env env, napi_callback_info info);

#endif
