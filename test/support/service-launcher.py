"""Opens sockets and starts a program with them, as systemd's socket units do.

  service-launcher.py PORTS NAMES PROGRAM...

PORTS is a list of tcp, tcp6, udp and paths of Unix sockets, with commas between them; NAMES what
they are called. Prints the ports as JSON. Then each line of its input is an order: `start`, or
`stop` or `wait`, which
wait for the end of the program and print its status.
"""
import json
import os
import signal
import socket
import sys

FAMILIES = {'tcp': socket.AF_INET, 'tcp6': socket.AF_INET6, 'udp': socket.AF_INET}


def open_socket(kind):
    if kind not in FAMILIES:
        passed = socket.socket(socket.AF_UNIX)
        passed.bind(kind)
    else:
        family = FAMILIES[kind]
        passed = socket.socket(family, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM)
        passed.bind(('::1' if kind == 'tcp6' else '127.0.0.1', 0))
    if kind != 'udp':
        passed.listen(4096)
    return passed


def start(sockets, names, program):
    # Below the places that they are put in, so that none overwrites another
    high = [os.dup2(each.fileno(), 100 + n) for n, each in enumerate(sockets)]
    pid = os.fork()
    if pid != 0:
        return pid
    for n, fd in enumerate(high):
        os.dup2(fd, 3 + n)
    os.closerange(3 + len(high), 200)
    environment = {**os.environ, 'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': str(len(sockets))}
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.execvpe(program[0], program, {**environment, 'LISTEN_FDNAMES': names})


kinds, names, *program = sys.argv[1:]
sockets = [open_socket(kind) for kind in kinds.split(',')]
print(json.dumps([s.getsockname()[1] if s.family != socket.AF_UNIX else 0 for s in sockets]), flush=True)
child = None
for order in sys.stdin:
    if order.strip() == 'start':
        child = start(sockets, names, program)
    else:
        if order.strip() == 'stop':
            os.kill(child, signal.SIGTERM)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        child = None
if child is not None:
    os.kill(child, signal.SIGKILL)
