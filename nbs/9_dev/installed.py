"Run where only the wheel is installed: every module works, or says which extra it needs, and the tools are not there"
import importlib
import pkgutil

import annot_hub

PLAIN = ['localhub', 'localhub.folder', 'localhub.packs', 'localhub.shelf'] # of the Hub, what needs nothing

names = [m.name.removeprefix('annot_hub.') for m in pkgutil.walk_packages(annot_hub.__path__, 'annot_hub.')]
assert not [n for n in names if n.partition('.')[0] == 'dev'], f'the wheel holds the tools: {names}'
NEED_EXTRA = ['annotate.gate', 'demo.tour', *(n for n in names if n.startswith('localhub') and n not in PLAIN)]
for name in names:
    if name.startswith('_'): continue
    try: importlib.import_module(f'annot_hub.{name}')
    except ImportError as e: assert name in NEED_EXTRA and "pip install 'annot_hub[" in str(e), f'{name}: {e}'
    else: assert name not in NEED_EXTRA, f'{name} works without an extra: say so'
