"""Writers that change files step by step, each in a way of its own.

Usage: writers.py KIND PATH [KIND PATH ...]

Each line on standard input has every writer do its next step; a line is answered when all are
done. What a writer writes is new each time. The first step opens the file, or what takes its place.
"""
import ctypes
import mmap
import os
import sys

PAGE = 4096
LIBC = ctypes.CDLL(None, use_errno=True)
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
