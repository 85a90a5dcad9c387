"A Python that has imported what most pages need; for each line of its input it becomes a Jupyter kernel, too"
import gc
import json
import os
import signal
import sys
from importlib import import_module

import numpy.random
import pandas

os.environ['JPY_PARENT_PID'] = str(os.getpid()) # a kernel ends when this process does
for name in sys.argv[1:]: import_module(name)
from ipykernel.kernelapp import launch_new_instance # noqa: E402
gc.freeze()                                     # what is here is never looked through again
signal.signal(signal.SIGCHLD, signal.SIG_IGN)   # a kernel that has ended is gone
signal.signal(signal.SIGINT, signal.SIG_IGN)

for line in sys.stdin:
    pid = os.fork()
    if not pid: break
    print(pid, flush=True)
else: sys.exit()

# From here on this is the new process: a session of its own, no keyboard, and the environment that it was given
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
os.setsid()
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)
sys.argv[1:], folder, environ = json.loads(line)
os.environ.clear()
os.environ.update(environ)
os.chdir(folder)
sys.path.insert(0, '') # a page imports what lies beside it
numpy.random.seed()
pandas.set_option('display.max_columns', 20) # pandas found no notebook when it was imported
launch_new_instance()
