"""Writers that change files step by step, each in a way of its own.

Usage: writers.py KIND PATH [KIND PATH ...]

Each line on standard input has every writer do its next step; a line is answered when all are
done. What a writer writes is new each time. The first step opens the file, or what takes its place.
"""
import ctypes
import fcntl
import mmap
import os
import platform
import struct
import sys
import threading

PAGE = 4096
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
LIBC.msync.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
LIBC.pwrite.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
LIBC.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]


def fail():
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def page():
    return os.urandom(PAGE)


def descriptor(path):
    """One short write between open and close."""
    f = os.open(path, os.O_RDWR)
    yield
    os.pwrite(f, page(), 0)
    yield
    os.close(f)


def slow(path):
    """A write at each step, in place."""
    f = os.open(path, os.O_RDWR)
    for i in range(4):
        os.pwrite(f, page(), PAGE * i)
        yield
    os.close(f)


def direct(path):
    """Writes past the page cache, the last of 64 MiB if the file has them."""
    f = os.open(path, os.O_RDWR | os.O_DIRECT)
    yield
    block = mmap.mmap(-1, min(64 << 20, max(PAGE, os.fstat(f).st_size // PAGE * PAGE)))
    block.write(page() * (len(block) // PAGE))
    os.pwrite(f, block, 0)
    yield
    os.close(f)


class Source:
    """Memory whose pages come when they are given: a write of it takes that long."""

    def __init__(self, pages):
        self.size = pages * PAGE
        number = {'x86_64': 323, 'aarch64': 282}[platform.machine()]
        self.faults = LIBC.syscall(number, os.O_CLOEXEC)
        if self.faults < 0:
            fail()
        # UFFDIO_API; UFFDIO_REGISTER for missing pages
        fcntl.ioctl(self.faults, 0xC018AA3F, struct.pack('QQQ', 0xAA, 0, 0))
        private_anonymous = 0x22
        self.at = LIBC.mmap(None, self.size, 3, private_anonymous, -1, 0)
        fcntl.ioctl(self.faults, 0xC020AA00, struct.pack('QQQQ', self.at, self.size, 1, 0))

    def give(self, i):
        content = ctypes.create_string_buffer(page(), PAGE)
        where = (self.at + i * PAGE, ctypes.addressof(content), PAGE, 0, 0)
        # UFFDIO_COPY
        fcntl.ioctl(self.faults, 0xC028AA03, struct.pack('QQQQq', *where))

    def close(self):
        os.close(self.faults)
        LIBC.munmap(self.at, self.size)


def long(path):
    """One call of write(2) that is under way from the first step to the last but one."""
    source = Source(4)
    f = os.open(path, os.O_RDWR)
    before = os.stat(path).st_mtime_ns
    source.give(0)
    thread = threading.Thread(target=LIBC.pwrite, args=(f, source.at, source.size, 0))
    thread.start()
    while os.stat(path).st_mtime_ns == before:
        pass
    yield
    source.give(1)
    yield
    for i in (2, 3):
        source.give(i)
    thread.join()
    yield
    os.close(f)
    source.close()


def mapping(path, is_synced=False):
    """Stores through a shared mapping whose descriptor is closed; only the first moves a time."""
    f = os.open(path, os.O_RDWR)
    at = LIBC.mmap(None, PAGE, 3, 1, f, 0)
    os.close(f)
    yield
    for _ in range(2):
        ctypes.memmove(at, page(), PAGE)
        if is_synced and LIBC.msync(at, PAGE, 4) != 0:
            fail()
        yield
    LIBC.munmap(at, PAGE)


def synced(path):
    return mapping(path, is_synced=True)


def appending(path):
    f = os.open(path, os.O_WRONLY | os.O_APPEND)
    for _ in range(2):
        os.write(f, page()[:1000])
        yield
    os.close(f)


def truncating(path):
    f = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(f, page())
    yield
    os.write(f, page() * 15)
    yield
    os.close(f)


def replacing(path):
    """A new file under another name, which then takes the place of the old one."""
    size = os.path.getsize(path)
    f = os.open(f'{path}.new', os.O_WRONLY | os.O_CREAT)
    os.write(f, os.urandom(size))
    yield
    os.close(f)
    yield
    os.rename(f'{path}.new', path)


def exchanging(path):
    """Changes a twin, and has it change places with the file."""
    f = os.open(f'{path}.twin', os.O_WRONLY)
    yield
    os.pwrite(f, page(), 0)
    os.close(f)
    yield
    exchange, here = 2, -100
    names = (here, f'{path}.twin'.encode(), here, path.encode())
    if LIBC.renameat2(*names, exchange) != 0:
        fail()


def punching(path):
    """Punches a hole, and fills another place again."""
    keep_size, punch_hole = 1, 2
    f = os.open(path, os.O_RDWR)
    os.pwrite(f, page(), PAGE * 2)
    yield
    if LIBC.fallocate(f, keep_size | punch_hole, PAGE, PAGE) != 0:
        fail()
    yield
    os.pwrite(f, page(), PAGE)
    os.close(f)


def resizing(path):
    size = os.path.getsize(path)
    f = os.open(path, os.O_RDWR)
    os.ftruncate(f, size // 2)
    yield
    os.ftruncate(f, size)
    yield
    os.pwrite(f, page(), 0)
    os.close(f)


def copying(path):
    """Takes bytes from another file, in the system."""
    with open(f'{path}.from', 'wb+') as source:
        source.write(os.urandom(4 * PAGE))
        source.flush()
        os.unlink(f'{path}.from')
        f = os.open(path, os.O_WRONLY)
        os.copy_file_range(source.fileno(), f, 2 * PAGE, 0, 0)
        yield
        os.copy_file_range(source.fileno(), f, PAGE, 2 * PAGE, 2 * PAGE)
        os.lseek(f, 3 * PAGE, os.SEEK_SET)
        os.sendfile(f, source.fileno(), 3 * PAGE, PAGE)
        yield
        os.close(f)


def resetting(path):
    """Gives the file its time of modification again after each write."""
    stats = os.stat(path)
    for _ in range(2):
        f = os.open(path, os.O_WRONLY)
        os.pwrite(f, page(), 0)
        os.close(f)
        os.utime(path, ns=(stats.st_atime_ns, stats.st_mtime_ns))
        yield


def main(args):
    writers = [globals()[kind](path) for kind, path in zip(args[::2], args[1::2])]
    for _ in sys.stdin:
        for writer in writers:
            next(writer, None)
        print(flush=True)


main(sys.argv[1:])
