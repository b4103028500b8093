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
#include <sys/time.h>
#include <unistd.h>

#include "read_lease.h"

enum { ENDINGS = 2 };

static const int endings[ENDINGS] = {SIGINT, SIGTERM};
static void (*handlers[ENDINGS])(int);
static struct itimerval patience;
static volatile sig_atomic_t first;

static void end_at_last(int number) {
  (void)number;
  kill(getpid(), first);
  /* The first process of a container gets no signal that it does not handle. */
  _exit(128 + first);
}

static void hand_on(int number) {
  const struct sigaction standard = {.sa_handler = SIG_DFL};
  const struct sigaction last = {.sa_handler = end_at_last};
  first = number;
  sigaction(SIGALRM, &last, NULL);
  setitimer(ITIMER_REAL, &patience, NULL);
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

/* Returns the first argument of a call, or another number if it has none. */
static int32_t number_given(napi_env env, napi_callback_info info, int32_t number) {
  size_t count = 1;
  napi_value given;
  if (napi_get_cb_info(env, info, &count, &given, NULL, NULL) == napi_ok)
    napi_get_value_int32(env, given, &number);
  return number;
}

napi_value end_after_signal(napi_env env, napi_callback_info info) {
  const int32_t milliseconds = number_given(env, info, 0);
  sigset_t taken;
  pthread_t receiver;
  patience.it_value.tv_sec = milliseconds / 1000;
  patience.it_value.tv_usec = milliseconds % 1000 * 1000;
  sigemptyset(&taken);
  sigaddset(&taken, SIGALRM);
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
  _exit(number_given(env, info, 1));
}

napi_value ignore_lease_signals_of_process(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  ignore_lease_signals();
  return NULL;
}
