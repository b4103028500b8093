/*
 * Node only notes a signal and goes on: a read that hangs would never let JavaScript see it. A file
 * system that hangs does not even let the thread that waits for it note a signal. Therefore another
 * thread, which does nothing else, receives signals.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "read_lease.h"

enum { ENDINGS = 2 };

static const int endings[ENDINGS] = {SIGINT, SIGTERM};
static void (*handlers[ENDINGS])(int);

static void hand_on(int number) {
  const struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int i = 0; i < ENDINGS; i++) sigaction(endings[i], &standard, NULL);
  handlers[number == SIGTERM](number);
}

/* Returns whether a handler was there, and is called by hand_on from now on. */
static bool take_over(int i) {
  struct sigaction action;
  if (sigaction(endings[i], NULL, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0) return false;
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) return false;
  if (action.sa_handler == hand_on) return false;
  handlers[i] = action.sa_handler;
  action.sa_handler = hand_on;
  return sigaction(endings[i], &action, NULL) == 0;
}

static void *receive(void *unused) {
  (void)unused;
  for (;;) pause();
  return NULL;
}

napi_value end_at_second_signal(napi_env env, napi_callback_info info) {
  sigset_t taken;
  pthread_t receiver;
  (void)env, (void)info;
  sigemptyset(&taken);
  for (int i = 0; i < ENDINGS; i++) {
    if (!take_over(i)) return NULL;
    sigaddset(&taken, endings[i]);
  }
  if (pthread_create(&receiver, NULL, receive, NULL) != 0) return NULL;
  /* Threads that this one creates do not receive them either; libuv gives them back to its children. */
  pthread_sigmask(SIG_BLOCK, &taken, NULL);
  return NULL;
}

napi_value end_now(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given;
  int32_t status = 1;
  if (napi_get_cb_info(env, info, &count, &given, NULL, NULL) == napi_ok)
    napi_get_value_int32(env, given, &status);
  _exit(status);
}

napi_value ignore_lease_signals_of_process(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  ignore_lease_signals();
  return NULL;
}
