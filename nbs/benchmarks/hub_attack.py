"""Eight writers and two hundred visitors against one Hub for a minute, while somebody else works in another repo: how long that takes, and how much memory the Hub has.

    python nbs/benchmarks/hub_attack.py [SECONDS=60]
"""
import asyncio
import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import pandas as pd
import psutil

from dulwich.object_format import SHA1
from dulwich.objects import Tree, object_class
from dulwich.pack import pack_object_chunks

from annot_hub.localhub.server import LocalHub

BIG = 20_000 # files of the repo that visitors walk through


def obj(kind, data):
    return hashlib.sha1(b'%s %d\0' % (kind, len(data)) + data).hexdigest().encode(), kind, data


def folder_of_ten(mode, name):
    "A tree with the same thing in it ten times"
    tree = Tree()
    for i in range(10): tree[b'%d' % i] = mode, name
    return obj(b'tree', tree.as_raw_string())


def bomb(seed):
    "A push of twelve trees that stand for a million million files"
    page = obj(b'blob', b'%d' % seed)
    trees = [folder_of_ten(0o100644, page[0])]
    for _ in range(11): trees.append(folder_of_ten(0o40000, trees[-1][0]))
    who = b'eve <e@x> 1700000000 +0000'
    commit = obj(b'commit', b'tree %s\nauthor %s\ncommitter %s\n\nx\n' % (trees[-1][0], who, who))
    objects = [page, *trees, commit]
    line = b'%s %s refs/heads/bomb\0report-status' % (b'0'*40, commit[0])
    pack = b'PACK' + struct.pack('>II', 2, len(objects)) + b''.join(
        b''.join(pack_object_chunks(object_class(kind).type_num, [data], SHA1)) for _, kind, data in objects)
    return b'%04x' % (len(line) + 4) + line + b'0000' + pack + hashlib.sha1(pack).digest()


def lines(summary, rows):
    "The body of a commit"
    return b''.join(json.dumps(row).encode() + b'\n' for row in [{'key': 'header', 'value': {'summary': summary}}, *rows])


async def write(client, n, end):
    "A writer who tries everything, in a repo of their own"
    api, rng, step = f'/api/datasets/w{n}/mine', random.Random(n), 0
    head = {'Authorization': f'Bearer hf_w{n}'}
    await client.post('/api/repos/create', json={'name': 'mine', 'type': 'dataset'}, headers=head)
    while time.monotonic() < end:
        step += 1
        attack = rng.randrange(6)
        files = [{'key': 'file', 'value': {'path': f'd{rng.randrange(99)}/{step}-{i}.txt', 'content': 'x'*50}} for i in range(2000)]
        card = [{'key': 'file', 'value': {'path': 'README.md', 'content': '---\na: 0x' + 'f'*200_000 + '\n---\n'}}]
        ignore = '\n'.join(f'*{i}*a' for i in range(200))
        body = {'files': [{'path': 'a/'*100 + f'{i}.jpg', 'size': 1, 'sample': ''} for i in range(1000)], 'gitIgnore': ignore}
        try:
            if attack == 0: await client.post(f'/datasets/w{n}/mine.git/git-receive-pack', content=bomb(step), headers=head)
            if attack == 1: await client.post(f'{api}/commit/main', content=lines('many', files), headers=head)
            if attack == 2: await client.post(f'{api}/commit/main', content=lines('card', card), headers=head)
            if attack == 3: await client.post(f'{api}/preupload/main', json=body, headers=head)
            if attack == 4: await client.put(f'{api}/settings', json={'private': bool(step % 2)}, headers=head)
            if attack == 5: await client.post(f'{api}/commit/main', content=b'{' + b'['*200_000, headers=head)
        except httpx2.HTTPError: pass


async def visit(client, n, port, end):
    "A visitor: some walk through the big repo again and again, some stop in the middle"
    rng = random.Random(1000 + n)
    api = '/api/datasets/big/book'
    while time.monotonic() < end:
        try:
            if n % 4 == 0:
                reader, writer = await asyncio.open_connection('127.0.0.1', port)
                writer.write(rng.choice([b'GET / HTTP/1.1\r\nHo', b'POST /api/validate-yaml HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{',
                                         b'GET /api/datasets/big/book?blobs=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n']))
                await asyncio.sleep(rng.random()*20)
                writer.close()
            else:
                path = rng.choice(['?blobs=true', '/tree/main?recursive=true', '/tree/main?expand=true', '/lfs-files', '/commits/main?p=9', '/refs'])
                await client.get(api + path)
        except (httpx2.HTTPError, OSError): await asyncio.sleep(.1)


async def attack(endpoint, seconds):
    "All of them at once"
    end = time.monotonic() + seconds
    limits = httpx2.Limits(max_connections=300)
    async with httpx2.AsyncClient(base_url=endpoint, trust_env=False, timeout=30, limits=limits) as client:
        port = int(endpoint.rpartition(':')[2])
        await asyncio.gather(*(write(client, n, end) for n in range(8)), *(visit(client, n, port, end) for n in range(200)))


def measure(hub, seconds):
    "What somebody sees who works in another repo meanwhile: seconds of each request, and the Hub's memory"
    process, head, rows, most, step = psutil.Process(hub.process.pid), {'Authorization': 'Bearer hf_ada'}, [], 0, 0
    api = '/api/datasets/ada/pages'
    asks = {'file': ('GET', '/datasets/ada/pages/resolve/main/page.txt', {}), 'listing': ('GET', f'{api}/tree/main?recursive=true', {}), 'repo': ('GET', api, {}),
            'commit': ('POST', f'{api}/commit/main', {})}
    with httpx2.Client(base_url=hub.endpoint, trust_env=False, timeout=60, headers=head) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            step += 1
            for what, (method, path, kw) in asks.items():
                if what == 'commit': kw = {'content': lines('page', [{'key': 'file', 'value': {'path': 'page.txt', 'content': str(step)}}])}
                start = time.monotonic()
                answer = client.request(method, path, **kw)
                rows.append({'request': what, 'seconds': time.monotonic() - start, 'ok': answer.status_code == 200})
            most = max(most, process.memory_info().rss)
            time.sleep(.02)
    return pd.DataFrame(rows), most


def main(seconds):
    "Set up, attack from another process, measure"
    with tempfile.TemporaryDirectory() as tmp:
        users = {f'hf_{name}': {'name': name} for name in ('ada', 'big', *(f'w{n}' for n in range(8)))}
        (Path(tmp)/'users.json').write_text(json.dumps(users))
        hub = LocalHub(Path(tmp)/'hub', token_file=Path(tmp)/'users.json', env=False).start()
        try:
            with httpx2.Client(base_url=hub.endpoint, trust_env=False, timeout=120) as client:
                for who, name, n in ('ada', 'pages', 200), ('big', 'book', BIG):
                    head = {'Authorization': f'Bearer hf_{who}'}
                    client.post('/api/repos/create', json={'name': name, 'type': 'dataset'}, headers=head).raise_for_status()
                    rows = [{'key': 'file', 'value': {'path': f'v{i % 50}/{i}.txt' if n == BIG else f'{i}.txt', 'content': 'page'}} for i in range(n)]
                    client.post(f'/api/datasets/{who}/{name}/commit/main', content=lines('first', [*rows, {'key': 'file', 'value': {'path': 'page.txt', 'content': '0'}}]), headers=head).raise_for_status()
            attackers = subprocess.Popen([sys.executable, __file__, '--attack', hub.endpoint, str(seconds)], env=dict(os.environ))
            found, most = measure(hub, seconds)
            attackers.wait()
            served = pd.Series([r['status'] for r in hub.requests()])
        finally: hub.stop()
    table = found.groupby('request').seconds.quantile([.5, .99]).unstack().rename(columns={.5: 'median', .99: '99th percentile'})
    table['requests'], table['failed'] = found.request.value_counts(), found[~found.ok].request.value_counts()
    print(table.fillna(0).round(3))
    print(f'{len(served):,} requests in all, {int((served >= 500).sum())} of them a 5xx; the Hub had {most/2**20:,.0f} MB at most')
    return found, most, served


if __name__ == '__main__':
    if sys.argv[1:2] == ['--attack']: asyncio.run(attack(sys.argv[2], float(sys.argv[3])))
    else: main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
