"""What the benchmarks share: each thing is measured in a process of its own, which says in one line of JSON what it took."""
import json, resource, socket, subprocess, sys, threading, time

def cpu():
    "Seconds of CPU of this process and the children that it has waited for, user and system"
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)

def peak():
    "Most memory so far, in MB"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/(1024**2 if sys.platform == 'darwin' else 1024)

def forget_peak():
    "Let the peak begin at what is in use now; only Linux can"
    try:
        with open('/proc/self/clear_refs', 'w') as file: file.write('5')
    except OSError: pass

def measured(f, *args):
    "What `f` gives, and what it took"
    forget_peak()
    before, start, start_cpu = peak(), time.perf_counter(), cpu()
    found = f(*args)
    took = dict(wall=time.perf_counter() - start, cpu=cpu() - start_cpu, peak_MB=peak(), before_MB=before)
    return found, {what: round(value, 4 if what in ('wall', 'cpu') else None) for what, value in took.items()}

def tell(**values): print(json.dumps(values), flush=True)

def run_child(script, *args, python=sys.executable, env=None):
    "What a process that runs `script` tells in its last line; `RuntimeError` has the end of its complaints"
    r = subprocess.run([python, script, 'child', *map(str, args)], capture_output=True, text=True, env=env)
    if r.returncode: raise RuntimeError(r.stderr[-3000:] or f'ended with {r.returncode}')
    return json.loads(r.stdout.splitlines()[-1])

def pump(a, b, count=None):
    "Pass on what comes from `a` to `b`"
    try:
        while data := a.recv(1 << 16):
            if count is not None: count[0] += len(data)
            b.sendall(data)
    except OSError: pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass

def proxy(port):
    "A port of our own that passes everything on to `port`, and the bytes that came in"
    count, server = [0], socket.create_server(('127.0.0.1', 0))
    def accept():
        while True:
            try: client, _ = server.accept()
            except OSError: return
            upstream = socket.create_connection(('127.0.0.1', port))
            for args in ((client, upstream, count), (upstream, client)):
                threading.Thread(target=pump, args=args, daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1], count
