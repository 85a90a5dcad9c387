"""Does anything in the local Hub grow without end: `python nbs/benchmarks/hub_memory.py [--rounds 1000] [--save]` prints a table, and keeps it beside this file.

A Hub in a process of its own goes through the same round again and again: a new repo, commits of small and large files (by Xet, by LFS), reads by
revision, eight at once, ranges, listings, history, branches, tags, pull requests, refusals, a move, a delete, and every tenth time a clone. One repo lives through all of it and gets
a commit of 25 files each round. What is alive at one time stays the same, so nothing in memory should grow. Before the first round a listing of 200,000 files fills what the Hub keeps of trees."""
import argparse, csv, io, json, os, random, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import httpx2, numpy as np, psutil
from annot_hub.localhub.server import LocalHub

def look(hub):
    "What the server holds: MB, open files, threads; what lies about on disk"
    p,files = psutil.Process(hub.process.pid),lambda folder: [f for f in (hub.root/folder).rglob('*') if f.is_file()]
    mb = lambda fs: round(sum(f.stat().st_size for f in fs)/2**20, 1)
    scratch,xorbs = files('lfs/tmp'),files('xorbs')
    return dict(rss_mb=round(p.memory_info().rss/2**20, 1), open_files=p.num_fds(), threads=p.num_threads(), scratch_files=len(scratch), scratch_mb=mb(scratch), xorbs=len(xorbs), xorbs_mb=mb(xorbs),
                index_mb=mb(hub.root.glob('index.sqlite*')), log_mb=mb(hub.root.glob('access.log*')), most_packs=max((sum(1 for _ in r.glob('objects/pack/*.pack')) for r in (hub.root/'repos/datasets').glob('*/*')), default=0))

def one_round(i, hub, api, web, rng, work):
    "Everything a Hub is asked for, once"
    from huggingface_hub import CommitOperationAdd as Add, CommitOperationDelete as Delete
    repo = dict(repo_id=f'local/r{i}', repo_type='dataset')
    at,files = f'{hub.endpoint}/api/datasets/local/r{i}',f'{hub.endpoint}/datasets/local/r{i}/resolve'
    def get(url, ok=(200, 206), **h):
        r = web.get(url, headers=h)
        assert r.status_code in ok, (r.status_code, url, r.text[:200])
        return r
    api.create_repo(**repo)
    texts,images = [Add(f'notes/{i % 7}/{j}.txt', b'%d %d' % (i, j)) for j in range(25)],[Add(f'images/{j}.jpg', rng.randbytes(30_000)) for j in range(4)]
    first = api.create_commit(**repo, operations=texts + images, commit_message='First').oid
    with io.BytesIO(rng.randbytes(200_000)) as f: f.seek(0); api.upload_file(**repo, path_or_fileobj=io.BufferedReader(f), path_in_repo='scan.jpg') # by LFS
    api.create_commit(**repo, operations=[Add('notes/0/0.txt', b'again'), Delete('images/0.jpg')], commit_message='Second', parent_commit=api.repo_info(**repo).sha)
    for rev in ('main', first): assert get(f'{files}/{rev}/images/1.jpg').content and get(f'{at}/tree/{rev}?recursive=true&expand=true').json()
    assert len(get(f'{files}/main/scan.jpg', Range='bytes=1000-1999').content) == 1000
    for p in ('refs', 'commits/main', 'lfs-files', 'revision/main?blobs=true'): get(f'{at}/{p}')
    with ThreadPoolExecutor(8) as ex: list(ex.map(get, [f'{files}/main/scan.jpg', f'{at}/tree/main?recursive=true']*8)) # eight at once
    get(f'{files}/main/none', ok=[404]), get(f'{files}/none/a', ok=[404]), get(f'{files}/main/scan.jpg', ok=[416], Range='bytes=999999-'), get(at, ok=[401], Authorization='Bearer wrong')
    api.create_branch(**repo, branch='try'), api.create_tag(**repo, tag='v1', tag_message='Seen'), api.delete_branch(**repo, branch='try')
    api.merge_pull_request(**repo, discussion_num=api.create_commit(**repo, operations=[Add('idea.txt', b'?')], commit_message='Idea', create_pr=True).pr_num)
    if i % 10 == 0:
        subprocess.run(['git', 'clone', '-q', f'{hub.endpoint}/datasets/local/r{i}', work/'clone'], check=True, env=os.environ | {'GIT_LFS_SKIP_SMUDGE': '1'}, capture_output=True)
        shutil.rmtree(work/'clone')
    if i % 3 == 0: api.move_repo(repo['repo_id'], f'local/m{i}', repo_type='dataset'); get(at, ok=[307])
    if i >= 20: api.delete_repo(f"local/{'rm'[(i - 20) % 3 == 0]}{i - 20}", repo_type='dataset')
    gone = [Delete(f'rounds/{i - 20}/', is_folder=True)] if i >= 20 else []
    api.create_commit('local/long', [Add(f'rounds/{i}/{j}.txt', b'%d %d' % (i, j)) for j in range(25)] + gone, commit_message=f'Round {i}', repo_type='dataset')
    get(f'{hub.endpoint}/api/datasets?limit=10'), get(f'{hub.endpoint}/api/datasets/local/long/tree/main?recursive=true')

def fill(hub, api, web, n=200_000):
    "A repo of so many files that its listing fills the trees in memory"
    api.create_repo('local/wide', repo_type='dataset')
    lines = [{'key': 'header', 'value': {'summary': 'Wide'}}] + [{'key': 'file', 'value': {'path': f'{i//1000:03}/{i:06}.txt', 'content': 'x'}} for i in range(n)]
    web.post(f'{hub.endpoint}/api/datasets/local/wide/commit/main', content='\n'.join(map(json.dumps, lines)).encode(), headers={'Authorization': f'Bearer {hub.token}'}, timeout=600).raise_for_status()
    assert len(api.list_repo_files('local/wide', repo_type='dataset')) == n + 1

def slope(samples, what):
    "Growth over a hundred rounds, from a line through the second half"
    half = samples[len(samples)//2:]
    return round(float(np.polyfit([s['round'] for s in half], [s[what] for s in half], 1)[0])*100, 2) + 0.0

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rounds', type=int, default=1000)
    p.add_argument('--save', action='store_true', help="keep the table in hub_memory.csv, which hub.ipynb shows")
    a = p.parse_args()
    work,rng,samples = Path(tempfile.mkdtemp(prefix='bench-')),random.Random(0),[]
    os.environ.update(HF_HOME=str(work/'client'), HF_HUB_DISABLE_PROGRESS_BARS='1', HF_HUB_DISABLE_TELEMETRY='1')
    try:
        with LocalHub(work/'hub', env=False) as hub:
            from huggingface_hub import HfApi
            from huggingface_hub.utils import logging
            logging.set_verbosity_error()
            api,web = HfApi(endpoint=hub.endpoint, token=hub.token),httpx2.Client(trust_env=False, timeout=60)
            api.create_repo('local/long', repo_type='dataset')
            fill(hub, api, web)
            for i in range(a.rounds):
                one_round(i, hub, api, web, rng, work)
                if (i + 1) % max(1, a.rounds//50) == 0: samples.append(dict(round=i + 1) | look(hub))
                if (i + 1) % (a.rounds//10) == 0:
                    s = dict(requests=sum(1 for f in hub.root.glob('access.log*') for _ in open(f))) | samples[-1]
                    samples[-1] = s = {'round': s.pop('round')} | s
                    if i + 1 == a.rounds//10: print(*(f'{k:>13}' for k in s))
                    print(*(f'{v:>13,}' for v in s.values()), flush=True)
            web.close()
    finally: shutil.rmtree(work)
    growth = {'round': 'growth in 100 rounds, second half'} | {k: slope(samples, k) for k in samples[0] if k != 'round'}
    print(growth)
    if a.save:
        rows = [s for s in samples if 'requests' in s] + [growth]
        with open(Path(__file__).with_suffix('.csv'), 'w', newline='') as f:
            w = csv.DictWriter(f, rows[0].keys(), lineterminator='\n')
            w.writeheader()
            w.writerows(rows)

if __name__ == '__main__': main()
