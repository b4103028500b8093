#ifndef BTKIT_READ_LEASE_H
#define BTKIT_READ_LEASE_H

/*
 * Takes a read lease on a regular file and gives it back (F_SETLEASE in fcntl(2)). Returns 0 if
 * nobody has the file open for writing, or an errno(3): EAGAIN if somebody has, or has it mapped for
 * that; EACCES, EINVAL, ENOLCK, ENOTSUP and others if it cannot be asked.
 */
int ask_read_lease(int directory, const char *path);

/* The same for an open regular file. */
int take_read_lease(int file);

#endif
