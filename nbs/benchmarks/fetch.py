"""1,521 images from a Hub to this machine: the threads of 2022, the Hub's client, and `fetch`, which also checks and writes.
    python nbs/benchmarks/fetch.py --pairs 5 --out nbs/benchmarks/fetch.csv
Each run is a process of its own, with a cache of its own, and all ways take turns. They speak to a local Hub, once straight and once through a proxy that speaks TLS and holds
everything back for 20 ms each way, the handshakes too. They trust one certificate there; in the last rows they trust what this machine trusts usually, which `urllib` and `requests` read anew for each connection.
CPU is that of the process without its imports."""
import argparse, asyncio, json, os, shutil, ssl, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

IMAGES, THREADS, DELAY, RAM = 1521, 16, .02, Path('/dev/shm') # RAM: a folder in memory, on Linux; files on a disk that others use take as long as the others let them

def urllib_2022(url, token):
    "As the threads of the tutorial did it, with a token and a timeout that is longer than a second"
    import io, urllib.request, PIL.Image
    request = urllib.request.Request(url, data=None, headers={'user-agent': 'datasets', 'Authorization': f'Bearer {token}'})
    with urllib.request.urlopen(request, timeout=20) as r: return PIL.Image.open(io.BytesIO(r.read()))

def requests_2022(url, token):
    "The same with `requests`"
    import io, requests, PIL.Image
    return PIL.Image.open(io.BytesIO(requests.get(url, timeout=20, headers={'Authorization': f'Bearer {token}'}).content))

def child(way, spec):
    "Fetch all images in one way; a line of JSON"
    import urllib.request, PIL.Image, PIL.JpegImagePlugin # noqa: F401
    from annot_hub.collect.fetching import fetch
    from annot_hub.collect.keys import hf_path, hub_url
    from huggingface_hub import HfApi
    if way == 'requests, 2022': import requests
    spec, token = json.loads(spec), os.environ['HF_TOKEN']
    repo, commit, names = spec['repo'], spec['commit'], json.loads(Path(spec['names']).read_text())
    urls = [hub_url(repo, n, commit) for n in names]
    wall, cpu, kernel = time.perf_counter(), time.process_time(), os.times().system
    if way == 'fetch': got = fetch([hf_path(repo, n, commit) for n in names])
    else:
        one = {'urllib, 2022': urllib_2022, 'requests, 2022': requests_2022}.get(way)
        get = lambda pair: one(pair[1], token) if one else HfApi().hf_hub_download(repo, pair[0], repo_type='dataset', revision=commit)
        with ThreadPoolExecutor(THREADS) as pool: got = list(pool.map(get, zip(names, urls)))
    cpu, kernel, wall = time.process_time() - cpu, os.times().system - kernel, time.perf_counter() - wall
    status = Path('/proc/self/status')
    peak = next((int(l.split()[1]) for l in status.read_text().splitlines() if l.startswith('VmHWM')), 0) if status.exists() else 0 # ru_maxrss is that of the parent, if that is more
    print(json.dumps({'images': len(got), 'cpu': round(cpu, 2), 'kernel': round(kernel, 2), 'wall': round(wall, 2), 'peak_MB': round(peak/1024)}))

class Late(asyncio.Protocol):
    "What arrives here goes to `other`, later"
    def __init__(self, delay): self.delay, self.other, self.early, self.before = delay, None, [], 0
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.later(lambda: self.other.write(data))
    def connection_lost(self, e): self.later(lambda: self.other.close())
    def later(self, act):
        if self.other is None: self.early.append(act)
        else: asyncio.get_running_loop().call_later(self.delay + self.before, act)
    def join(self, other):
        self.other = other
        for act in self.early: self.later(act)

class Front(Late):
    "The side of the client: it connects onwards when it is called"
    def __init__(self, delay, port, opening=0): super().__init__(delay); self.port, self.before = port, opening
    def connection_made(self, transport):
        super().connection_made(transport)
        asyncio.ensure_future(self.connect())
    async def connect(self):
        _, back = await asyncio.get_running_loop().create_connection(lambda: Late(self.delay), '127.0.0.1', self.port)
        back.join(self.transport); self.join(back.transport)
        asyncio.get_running_loop().call_later(self.before + .001, setattr, self, 'before', 0) # the round trip of a TCP handshake

async def proxy(port, cert):
    "TLS to the Hub at `port`, and in front of it a line of 20 ms; its address goes to stdout"
    loop, tls = asyncio.get_running_loop(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert)
    inner = await loop.create_server(lambda: Front(0, port), '127.0.0.1', 0, ssl=tls)
    outer = await loop.create_server(lambda: Front(DELAY, inner.sockets[0].getsockname()[1], 2*DELAY), '127.0.0.1', 0)
    print(outer.sockets[0].getsockname()[1], flush=True)
    await outer.serve_forever()

def certificate(dir):
    "A certificate for this machine, and a file with it and all that this machine trusts anyway"
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
                    '-keyout', dir/'key.pem', '-out', dir/'cert.pem'], check=True, capture_output=True)
    (dir/'both.pem').write_text((dir/'key.pem').read_text() + (dir/'cert.pem').read_text())
    usual = ssl.get_default_verify_paths().cafile
    (dir/'trusted.pem').write_text((dir/'cert.pem').read_text() + (Path(usual).read_text() if usual else ''))
    return dir/'both.pem'

def make_repo(hub, dir):
    "Noisy pictures of about 100 kB, and what is known about them"
    import hashlib, io, random
    import pandas as pd
    from PIL import Image
    from annot_hub.collect.repo import Repo
    repo, files = Repo(f'{hub.user}/fetched', hub.endpoint, hub.token), {}
    for i in range(IMAGES):
        image = Image.frombytes('L', (280 + i % 90, 400), random.Random(i).randbytes((280 + i % 90)*400)); image.save(out := io.BytesIO(), 'JPEG', quality=75)
        files[f'images/{144133901 + i//800}/image/{188082865 + 12*i}.3.jpg'] = out.getvalue()
    table = pd.DataFrame({'file_name': list(files), 'bytes': [len(d) for d in files.values()], 'sha256': [hashlib.sha256(d).hexdigest() for d in files.values()]})
    repo.create()
    commit = repo.commit(files | {'collection.parquet': table.to_parquet(index=False)}, 'Images')
    (dir/'names.json').write_text(json.dumps(list(files)))
    return {'repo': repo.id, 'commit': commit, 'names': str(dir/'names.json')}, int(table.bytes.mean())

def main(pairs, dir, out):
    from annot_hub.localhub.server import LocalHub
    import pandas as pd
    dir.mkdir(parents=True, exist_ok=True)
    ram = RAM/f'annot_hub-fetch-{os.getpid()}'
    hub, rows, line = LocalHub(dir/'hub', env=False).start(), [], None
    os.environ |= {'NO_PROXY': '127.0.0.1', 'no_proxy': '127.0.0.1', 'HF_HOME': str(dir/'client')}
    try:
        spec, size = make_repo(hub, dir)
        cert = certificate(dir)
        line = subprocess.Popen([sys.executable, __file__, 'proxy', hub.endpoint.rpartition(':')[2], cert], stdout=subprocess.PIPE, text=True)
        slow = f'https://127.0.0.1:{line.stdout.readline().strip()}'
        turns = [(pair, *turn) for pair in range(pairs) for turn in (('loopback', hub.endpoint, 'cert.pem'), ('loopback, RAM disk', hub.endpoint, 'cert.pem'), ('40 ms, TLS', slow, 'cert.pem'))]
        for pair, where, endpoint, trusted in turns + [(0, '40 ms, TLS, usual certificates', slow, 'trusted.pem')]:
            for way in 'urllib, 2022', 'fetch', 'requests, 2022', 'client':
                if way in ('client', 'requests, 2022') and (pair > 2 or where not in ('loopback', '40 ms, TLS')): continue
                place = ram if 'RAM' in where and RAM.exists() else dir
                env = os.environ | {'HF_ENDPOINT': endpoint, 'HF_TOKEN': hub.token, 'HF_HOME': str(place/f'home{len(rows)}'), 'SSL_CERT_FILE': str(dir/trusted), 'REQUESTS_CA_BUNDLE': str(dir/trusted),
                                    'HF_HUB_DISABLE_PROGRESS_BARS': '1', 'OPENBLAS_NUM_THREADS': '1'}
                asked = len(hub.requests())
                r = subprocess.run([sys.executable, __file__, 'child', way, json.dumps(spec)], env=env, capture_output=True, text=True)
                if r.returncode: raise SystemExit(r.stderr[-3000:])
                rows.append({'where': where, 'way': way, 'pair': pair, 'kB': round(size/1000), **json.loads(r.stdout.splitlines()[-1]), 'requests': len(hub.requests()) - asked})
                print(rows[-1], flush=True)
    finally:
        if line: line.kill()
        hub.stop()
        shutil.rmtree(ram, ignore_errors=True)
        shutil.rmtree(dir)      # at the very end: ext4 takes long to make files where others were just removed
    table = pd.DataFrame(rows)
    if out: table.to_csv(out, index=False)
    middle = table.groupby(['where', 'way'])[['cpu', 'kernel', 'wall', 'peak_MB', 'requests']].median()
    for where, part in middle.groupby('where'):
        part = part.droplevel('where')
        print(f'\n{where}, {IMAGES:,} images of {round(size/1000)} kB'); print(part.assign(cpu_ratio=(part.cpu/part.cpu['fetch']).round(2), wall_ratio=(part.wall/part.wall['fetch']).round(2)))

if __name__ == '__main__':
    if sys.argv[1:2] == ['child']: child(*sys.argv[2:])
    elif sys.argv[1:2] == ['proxy']: asyncio.run(proxy(int(sys.argv[2]), sys.argv[3]))
    else:
        p = argparse.ArgumentParser(); p.add_argument('--pairs', type=int, default=5); p.add_argument('--dir', type=Path, default=Path(tempfile.gettempdir(), 'annot_hub-fetch')); p.add_argument('--out')
        a = p.parse_args(); main(a.pairs, a.dir, a.out)
