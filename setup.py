"Everything that pyproject.toml leaves to `dynamic`, read from settings.ini: the one place it is written."
import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters=['='], interpolation=None)
ini.read(here/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']

# Extras: every `<name>_requirements`; `all` is what a user can use, `dev` is that and the tools of this repo.
# `heic` only on request, since its wheels hold a codec under the GPL
extras = {k.removesuffix('_requirements'): v.split() for k, v in cfg.items() if k.endswith('_requirements')}
extras['all'] = sorted({r for name, packages in extras.items() if name not in ('dev', 'heic') for r in packages})
extras['dev'] = sorted({*extras['all'], *extras['dev']})

# PyPI shows the README without the repo around it, so what it links to in the repo gets a full address
home, branch, docs = cfg['git_url'], cfg['branch'], cfg['doc_host'] + cfg['doc_baseurl']


def full(m):
    "A link of the README with the address of the repo before it"
    kind = 'raw' if m[2].endswith(('.png', '.jpg', '.svg')) else 'blob'
    return f'{m[1]}{home}/{kind}/{branch}/{m[2]}'


readme = (here/'README.md').read_text(encoding='utf-8')
readme = re.sub(r'(\]\(|src=")(?!https?:|#)([^)"\s]+)', full, readme)

oldest = int(cfg['min_python'].split('.')[1])
status = {'3': '3 - Alpha', '4': '4 - Beta', '5': '5 - Production/Stable'}[cfg['status']]
setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'],
    long_description=readme, long_description_content_type='text/markdown',
    author=cfg['author'], author_email=cfg['author_email'],
    license='Apache-2.0', license_files=['LICENSE'],
    project_urls={'Homepage': docs, 'Documentation': docs, 'Source': home, 'Issues': f'{home}/issues',
                  'Changelog': f'{home}/blob/{branch}/CHANGELOG.md'},
    keywords=cfg['keywords'].split(), python_requires=f">={cfg['min_python']}",
    classifiers=[
        f'Development Status :: {status}', f"Intended Audience :: {cfg['audience']}", 'Natural Language :: English',
        'Operating System :: POSIX', 'Topic :: Scientific/Engineering :: Image Processing',
        'Topic :: Scientific/Engineering :: Artificial Intelligence', 'Programming Language :: Python :: 3 :: Only',
        *(f'Programming Language :: Python :: 3.{n}' for n in range(oldest, 14)),
    ],
    packages=find_packages(include=['annot_hub', 'annot_hub.*'], exclude=['annot_hub.dev', 'annot_hub.dev.*']),
    include_package_data=False, package_data={'annot_hub': ['py.typed']},
    install_requires=cfg['requirements'].split(), extras_require=extras,
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': ['annot_hub=annot_hub._modidx:d']},
)
