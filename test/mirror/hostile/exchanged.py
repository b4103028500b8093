"""Exchanges pairs of names again and again, until its standard input ends. Each exchange is atomic,
as anybody can do it who may write in a directory. Arguments: pairs of paths."""
import ctypes, os, random, select, sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2
libc = ctypes.CDLL(None, use_errno=True)
names = [os.fsencode(name) for name in sys.argv[1:]]
pairs = list(zip(names[::2], names[1::2]))
print('begun', flush=True)
while not select.select([sys.stdin], [], [], 0.0001)[0]:
    a, b = random.choice(pairs)
    if libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
