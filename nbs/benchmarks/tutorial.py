"""Every step of the post of 2022, three times: as it was written (naive), in the fewest right calls of a fast library (plain), and with the
public functions (ours). Each is timed in a process of its own, in pairs (one of each, one after the other, in turns); imports, and a first
round over 195 images that makes late imports happen, are not counted.

    python nbs/benchmarks/tutorial.py --n 10000                 a table, in under a minute
    python nbs/benchmarks/tutorial.py --all                     10,000, 155,388 and 1,000,000, and profiles of the three slowest steps;
                                                                the lines go to tutorial.csv and tutorial_profiles.csv
    python nbs/benchmarks/tutorial.py --n 155388 --steps labels record --pairs 5

A run that was stopped goes on where it was, as long as the code is the same: what --out has of other code is timed again, what it has of this
code is not (delete the file for that). Then `python -m annot_hub.dev run nbs/benchmarks/tutorial.ipynb` shows it. The input is made in a folder
below TMPDIR, for 1,000,000 images two million empty files and later at most 4 GB, and deleted after the last step that reads it."""
import argparse, contextlib, csv, hashlib, importlib, json, os, platform, shutil, signal, subprocess, sys, tempfile, time
from pathlib import Path
from statistics import median
import measure, tutorial_data

HERE = Path(__file__).parent
WAYS, SIZES = ('naive', 'plain', 'ours'), (10_000, 155_388, 1_000_000)
# the kinds of input that a step reads; each is made when it is needed and deleted after its last step
STEPS = {'scan': ['tree'], 'sizes': ['tree'], 'frame': ['tree'], 'urls': [], 'tasks': [], 'short': ['short'], 'full': ['full'],
         'labels': ['short', 'full'], 'csv': ['short', 'full'], 'parquet': ['short', 'full'], 'record': ['record']}
PARTS = {'tree': 'clone', 'short': 'short.json', 'full': 'full.json', 'record': 'record.jsonl'}
FIELDS = ['n', 'step', 'way', 'pair', 'cpu', 'wall', 'peak_MB', 'before_MB', 'answer', 'code', 'machine']

# In the child: what a step is given, and what it found

def collection(n, key, title):
    "The table of images that the labels are joined to"
    import pandas as pd
    names, titles = tutorial_data.file_names(n), tutorial_data.titles(n)
    return pd.DataFrame({key: pd.Series(names, dtype='str'), title: pd.Series(titles, dtype='str')})

def prepared(way, module, step, folder, n):
    "The arguments of a step; nothing of this is timed"
    names, out = tutorial_data.file_names(n), f'{folder}/out-{step}'
    if step in ('scan', 'sizes', 'frame'): return [f'{folder}/clone']
    if step == 'urls': return [names]
    if step == 'tasks' and way == 'ours': return [collection(n, 'file_name', 'title'), out]
    if step == 'tasks': return [names, out]
    if step in ('short', 'record'): return [f'{folder}/{PARTS[step]}']
    if step == 'full': return [f'{folder}/full.json', *[out]*(way == 'naive')]
    df = collection(n, 'file_name' if way == 'ours' else 'filename', 'title')
    answers = module.short(f'{folder}/short.json') if way == 'naive' else module.full(f'{folder}/full.json')
    return [df, answers] if step == 'labels' else [module.labels(df, answers)[0], out]

def choice(result):
    "The class in a `result` of Label Studio"
    return next((r['value']['choices'][0] for r in result if r['from_name'] == 'choice'), None)

def text(value): return '' if value is None or value != value else str(value)

def pairs(df, column):
    "A line of key and value for each row of a table that has a value"
    if 'file_name' not in df and 'filename' not in df:
        df = df.assign(filename=[url.removeprefix(tutorial_data.BASE) for url in df.image])
    names = df['file_name' if 'file_name' in df else 'filename']
    return [f'{name} {text(value)}' for name, value in zip(names, df[column], strict=True) if text(value)]

def found_lines(step, found, clone):
    "What a step found as lines of text, the same for the same answer"
    import pandas as pd
    if step == 'scan':
        names = found.file_name if hasattr(found, 'file_name') else map(str, found)
        return [name.removeprefix(clone + '/') for name in names]
    if step == 'sizes':
        rows = found if isinstance(found, list) else zip(found.iloc[:, 0], found.bytes, strict=True)
        return [f'{name} {n}' for name, n in rows]
    if step == 'frame': return pairs(found, 'title' if 'title' in found else 'meta')
    if step == 'urls': return list(found)
    if step == 'tasks': return list(found.image) if hasattr(found, 'image') else [t['data']['image'] for t in found]
    if step == 'full' and isinstance(found, str):
        rows = json.loads(Path(found, 'result.json').read_text())
        return [f"{row['file_name']} {row['choice']}" for row in rows if row.get('choice')]
    if step in ('short', 'full') and 'result' in found: found = found.assign(choice=list(map(choice, found.result)))
    if step == 'labels': return [f'{k} {v}' for k, v in found[1].items()] + [f'{found[2]:.6f}']
    if step == 'csv': found = pd.read_csv(found)
    if step == 'parquet': found = pd.read_parquet(found).replace({'choice': dict(enumerate(tutorial_data.CLASSES))})
    return pairs(found, 'choice')

def answer(*args):
    "Eight signs that are the same for the same answer, in whatever order"
    return hashlib.sha256('\n'.join(sorted(found_lines(*args))).encode()).hexdigest()[:8]

def child(way, step, folder, n):
    "One step in one way, over 195 images first and then over all; a line of JSON"
    module = importlib.import_module('tutorial_sdk' if (way, step) == ('naive', 'full') else f'tutorial_{way}')
    small = f'{os.path.dirname(folder)}/{tutorial_data.VOLUMES}'
    getattr(module, step)(*prepared(way, module, step, small, tutorial_data.VOLUMES))
    found, took = measure.measured(getattr(module, step), *prepared(way, module, step, folder, n))
    measure.tell(**took, answer=answer(step, found, f'{folder}/clone'))

def place(path):
    "A module of ours or of Python, or the package that a file belongs to"
    parts = [part for part in Path(path).with_suffix('').parts if part != '__init__']
    if 'site-packages' in parts: return parts[parts.index('site-packages') + 1]
    if 'annot_hub' in parts: return '.'.join(parts[-3:])
    python = [i for i, part in enumerate(parts) if part.startswith('python3')]
    return '.'.join(parts[python[-1] + 1 if python else -1:])

def own_times(stats):
    "Module → seconds of its own; what is written in C counts for who called it"
    times = {}
    for (path, _, _), (_, _, own, _, callers) in stats.items():
        shares = {caller[0]: value[2] for caller, value in callers.items()} if path == '~' else {path: own}
        for where, seconds in shares.items(): times[place(where)] = times.get(place(where), 0) + seconds
    return times

def profile(step, folder, n):
    "Where ours spends its time: the five modules with most of their own; a line of JSON"
    import cProfile, pstats
    module, profiler = importlib.import_module('tutorial_ours'), cProfile.Profile()
    small = f'{os.path.dirname(folder)}/{tutorial_data.VOLUMES}'
    getattr(module, step)(*prepared('ours', module, step, small, tutorial_data.VOLUMES))
    args = prepared('ours', module, step, folder, n)
    profiler.runcall(getattr(module, step), *args)
    own = own_times(pstats.Stats(profiler).stats)
    top = sorted(own, key=own.get, reverse=True)[:5]
    measure.tell(shares=[[name, round(own[name]/sum(own.values()), 3)] for name in top])

# In the parent, which stays small: a child's peak of memory would begin with that of its parent

def surroundings():
    "What the code is (a hash), and the Python of Label Studio's own environment, None if annot_hub has not installed it"
    program = ('import annot_hub; from annot_hub.annotate.environment import STUDIO_VERSION, cache_folder; '
               "print(annot_hub.__path__[0], cache_folder()/f'label-studio-{STUDIO_VERSION}/venv/bin/python', sep='\\n')")
    r = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    if r.returncode: raise SystemExit(f'annot_hub cannot be imported: install it, or set PYTHONPATH\n{r.stderr[-500:]}')
    package, python = r.stdout.splitlines()[-2:]
    code = hashlib.sha256()
    for path in sorted([*Path(package).rglob('*.py'), *HERE.glob('tutorial_*.py')]): code.update(path.read_bytes())
    return code.hexdigest()[:8], python if os.path.exists(python) else None

def make(folder, kinds, n):
    "The kinds of input that are not there yet; another process keeps this one small"
    os.makedirs(folder, exist_ok=True)
    for kind in kinds:
        if os.path.exists(f'{folder}/{PARTS[kind]}'): continue
        start = time.monotonic()
        code = f'import tutorial_data; tutorial_data.make({str(folder)!r}, {kind!r}, {n})'
        subprocess.run([sys.executable, '-c', code], check=True, cwd=HERE)
        if n > tutorial_data.VOLUMES: print(f'{n:>9,}  made the input {kind!r} in {time.monotonic() - start:.0f} s', flush=True)

def unmake(folder, kinds):
    for kind in kinds:
        path = Path(folder, PARTS[kind])
        if path.is_dir(): shutil.rmtree(path)
        else: path.unlink(missing_ok=True)

def run_child(way, step, folder, n, python):
    "One child (of a way, or its profile) with caches of its own, so that nothing is known beforehand"
    with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as cache:
        env = os.environ | dict(XDG_CACHE_HOME=cache, HF_HOME=f'{cache}/hf', HF_HUB_OFFLINE='1', HF_DATASETS_DISABLE_PROGRESS_BARS='1')
        env.pop('HF_ENDPOINT', None)
        took = measure.run_child(__file__, way, step, folder, n, python=python, env=env)
    for out in Path(folder).glob('out-*'): shutil.rmtree(out) if out.is_dir() else out.unlink()
    return took

def machine():
    "What it was measured on"
    try: model = next(line.split(':')[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name'))
    except (OSError, StopIteration): model = platform.machine()
    return f'{model}, {os.cpu_count()} cores, Python {platform.python_version()}'

def read_rows(out): return list(csv.DictReader(open(out))) if out and os.path.exists(out) else []

def write_rows(out, rows):
    "All at once: a run that is killed here leaves the lines of before"
    if not out: return
    with open(f'{out}.new', 'w', newline='') as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator='\n')
        writer.writeheader()
        order = list(STEPS)
        writer.writerows(sorted(rows, key=lambda r: (int(r['n']), order.index(r['step']), int(r['pair']), WAYS.index(r['way']))))
    os.replace(f'{out}.new', out)

def ways_of(step, python): return [way for way in WAYS if python or (way, step) != ('naive', 'full')]

def run_pair(n, step, pair, folder, rows, code, python, out):
    "One of each way that is not there yet, in turns"
    ways = ways_of(step, python)
    ways = ways[pair%len(ways):] + ways[:pair%len(ways)]
    there = {r['way'] for r in rows if (int(r['n']), r['step'], int(r['pair'])) == (n, step, pair)}
    for way in ways:
        if way in there: continue
        try: took = run_child(way, step, folder, n, python if (way, step) == ('naive', 'full') else sys.executable)
        except RuntimeError as e:
            print(f'{n:>9,}  {step} {way} failed: {str(e).strip().splitlines()[-1]}', flush=True)
            continue
        rows.append(dict(n=n, step=step, way=way, pair=pair, **took, code=code, machine=machine()))
        write_rows(out, rows)
    mine = {r['way']: r for r in rows if (int(r['n']), r['step'], int(r['pair'])) == (n, step, pair)}
    said = ', '.join(f"{way} {float(r['cpu']):.2f} s {float(r['peak_MB']):,.0f} MB" for way, r in mine.items())
    print(f'{n:>9,}  {step:8}{pair + 1}: {said}', flush=True)

def run_size(n, steps, count, rows, code, python, out, work):
    "All steps at one size; the input of a step is deleted when no later one needs it"
    for i, step in enumerate(steps):
        there = {(r['way'], int(r['pair'])) for r in rows if (int(r['n']), r['step']) == (n, step)}
        if not {(way, pair) for way in ways_of(step, python) for pair in range(count)} <= there:
            make(f'{work}/{n}', STEPS[step], n)
            for pair in range(count): run_pair(n, step, pair, f'{work}/{n}', rows, code, python, out)
        unmake(f'{work}/{n}', set(STEPS[step]).difference(*(STEPS[s] for s in steps[i + 1:])))

def profiles(rows, n, work, out, count=3):
    "The slowest steps of ours, and the modules where it is so; `out` is a CSV"
    slowest = sorted(summary(rows, n), key=lambda r: -r['ours'])[:count]
    lines = []
    for step in (r['step'] for r in slowest):
        make(f'{work}/{n}', STEPS[step], n)
        shares = run_child('profile', step, f'{work}/{n}', n, sys.executable)['shares']
        lines += [dict(n=n, step=step, module=name, share=share) for name, share in shares]
        print(f'{n:>9,}  {step}: ' + ', '.join(f'{name} {share:.0%}' for name, share in shares), flush=True)
    with open(out, 'w', newline='') as file:
        writer = csv.DictWriter(file, ['n', 'step', 'module', 'share'], lineterminator='\n')
        writer.writeheader()
        writer.writerows(lines)

def summary(rows, n):
    "Medians of one size: a dict for each step"
    result = []
    for step in STEPS:
        mine = {(r['way'], int(r['pair'])): r for r in rows if (int(r['n']), r['step']) == (n, step)}
        def value(way, what): return median([float(r[what]) for (w, _), r in mine.items() if w == way] or [float('nan')])
        def ratio(way): return median([float(mine['naive', p]['cpu'])/float(mine[way, p]['cpu']) for w, p in mine
                                       if w == way and ('naive', p) in mine] or [float('nan')])
        if mine: result.append({'step': step, **{way: value(way, 'cpu') for way in WAYS}, 'naive/plain': ratio('plain'), 'naive/ours': ratio('ours'),
                                **{f'{way}_MB': value(way, 'peak_MB') for way in WAYS},
                                **{f'{way}_more': value(way, 'peak_MB') - value(way, 'before_MB') for way in WAYS},
                                'pairs': 1 + max(p for _, p in mine),
                                'same': len({r['answer'] for (w, _), r in mine.items() if w != 'naive' or step not in ('labels', 'csv', 'parquet')}) == 1})
    return result

def show(rows):
    for n in sorted({int(r['n']) for r in rows}):
        print(f"\n{n:,} images{'naive':>12}{'plain':>9}{'ours':>9}  naive/plain  naive/ours   MB{'naive':>7}{'plain':>7}{'ours':>7}")
        for r in summary(rows, n):
            times = ''.join(f'{r[way]:9.3f}' for way in WAYS)
            peaks = ''.join(f"{r[f'{way}_MB']:7,.0f}" for way in WAYS)
            print(f"  {r['step']:16}{times}{r['naive/plain']:13.1f}{r['naive/ours']:12.1f}     {peaks}{'' if r['same'] else '   NOT THE SAME ANSWER'}")
    print('\nCPU seconds, medians; full: naive is the converter of label-studio-sdk'
          '\nsame answer: all three, but for labels, csv and parquet, where naive counts a page twice that two people saw')

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--n', type=int, nargs='*', default=[10_000], help='numbers of images')
    p.add_argument('--all', action='store_true', help='all three sizes, 5 pairs (3 of a million), kept in tutorial.csv')
    p.add_argument('--steps', nargs='*', choices=STEPS, default=list(STEPS))
    p.add_argument('--pairs', type=int, help='pairs of each step; the default without --all is 1')
    p.add_argument('--out', help='a CSV that keeps the lines')
    a = p.parse_args()
    sizes, out = (SIZES, a.out or HERE/'tutorial.csv') if a.all else (a.n, a.out)
    code, python = surroundings()
    rows = [r for r in read_rows(out) if r['code'] == code or int(r['n']) not in sizes or r['step'] not in a.steps]
    if not python: print('no Label Studio here (`annot_hub studio` installs it): its converter is left out')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))       # so that the folder is deleted
    steps = [step for step in STEPS if step in a.steps]
    with tempfile.TemporaryDirectory(prefix='annot-hub-tutorial-') as work, contextlib.suppress(KeyboardInterrupt):
        make(f'{work}/{tutorial_data.VOLUMES}', PARTS, tutorial_data.VOLUMES)
        for n in sizes: run_size(n, steps, a.pairs or (1 if not a.all else 3 if n > 500_000 else 5), rows, code, python, out, work)
        if a.all: profiles(rows, SIZES[1], work, HERE/'tutorial_profiles.csv')
    show([r for r in rows if int(r['n']) in sizes])
    print(machine())

if __name__ == '__main__':
    if sys.argv[1:3] == ['child', 'profile']: profile(*sys.argv[3:5], int(sys.argv[5]))
    elif sys.argv[1:2] == ['child']: child(*sys.argv[2:5], int(sys.argv[5]))
    else: main()
