"Commands of annot_hub, typed one after another, in a fraction of the time: what they import is imported once"
import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

MODULES = ('annot_hub.project.loop', 'annot_hub.project.cli') # most of what a command takes is the time to import these


def watch_in(log):
    "Have the watcher of a stranger's folder, which each Python there loads as `sitecustomize`, write to this file"
    import sitecustomize
    sitecustomize.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def serve(modules):
    "Import `modules`, and read commands from stdin; each is done by a child, and its exit code is written to stdout"
    for name in modules: import_module(name)
    gc.freeze() # what is imported stays shared with the children
    for line in sys.stdin:
        words, folder, env, out, err = json.loads(line)
        pid = os.fork()
        if not pid:
            for number, path in enumerate([os.devnull, out, err]): os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(env)
            if 'WATCH_LOG' in env: watch_in(env['WATCH_LOG'])
            sys.argv = ['annot_hub', *words]
            from annot_hub.project.cli import main
            sys.exit(main())
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def hub_settings(env):
    "What the client of the Hub reads when it is imported"
    return {k: v for k, v in env.items() if k == 'HOME' or k.startswith(('HF_', 'XDG_'))}


class Commands:
    "Runs commands like `subprocess.run`; one with other settings of the Hub than the first gets a Python of its own"
    def __init__(self, modules=MODULES): self.process, self.modules = None, modules # those that are imported once

    def start(self, env):
        options = dict(text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.process, self.settings = subprocess.Popen([sys.executable, '-P', __file__, *self.modules], **options), hub_settings(env)
        atexit.register(self.stop)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)

    def run(self, words, folder, env):
        "Exit code, stdout and stderr, as a `CompletedProcess`"
        words = [*map(str, words)]
        if not self.process: self.start(env)
        if hub_settings(env) != self.settings:
            return subprocess.run([sys.executable, '-m', 'annot_hub.project.cli', *words], cwd=folder, env=env,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL)
        with tempfile.TemporaryDirectory() as place:
            out, err = Path(place, 'out'), Path(place, 'err')
            print(json.dumps([words, str(folder), env, str(out), str(err)]), file=self.process.stdin, flush=True)
            code = int(self.process.stdout.readline())
            return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())


if __name__ == '__main__': serve(sys.argv[1:])
