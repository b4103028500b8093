#ifndef BTKIT_READ_LEASE_H
#define BTKIT_READ_LEASE_H

/*
 * Takes a read lease on an open regular file (F_SETLEASE in fcntl(2)). Returns 0 if nobody has the
 * file open for writing, or an errno(3): EAGAIN if somebody has, or has it mapped for that; EACCES,
 * EINVAL, ENOLCK, ENOTSUP and others if it cannot be asked.
 *
 * A program that opens the file for writing waits until the lease is given back, or the file is
 * closed. Nothing that takes long may come between.
 */
int take_read_lease(int file);

void give_back_lease(int file);

/* Takes a read lease on the file at a path, and gives it back. */
int ask_read_lease(int directory, const char *path);

/*
 * Makes the process ignore SIGIO, by which the kernel tells that a program waits for a lease. Only
 * for a process of our own; in any other each lease takes a further call for another signal.
 */
void ignore_lease_signals(void);

#endif
