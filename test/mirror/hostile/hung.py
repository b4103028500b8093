"""Mounts a FUSE file system that never answers on a directory, until standard input ends."""
import ctypes, os, sys

libc = ctypes.CDLL(None, use_errno=True)
fuse = os.open('/dev/fuse', os.O_RDWR)
where = os.fsencode(sys.argv[1])
options = f'fd={fuse},rootmode=40000,user_id=0,group_id=0'.encode()
if libc.mount(b'hung', where, b'fuse', 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
print('mounted', flush=True)
sys.stdin.read()
MNT_DETACH = 2
libc.umount2(where, MNT_DETACH)
