"Everything that pyproject.toml leaves to `dynamic`, read from settings.ini: the one place it is written."
import re
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters=["="], interpolation=None)
ini.read(here/"settings.ini", encoding="utf-8")
cfg = ini["DEFAULT"]

# Extras: every `<name>_requirements`; `all` is what a user can use, `dev` is that and the tools of this repo
extras = {k.removesuffix("_requirements"): v.split() for k, v in cfg.items() if k.endswith("_requirements")}
extras["all"] = sorted({r for name, reqs in extras.items() if name != "dev" for r in reqs})
extras["dev"] = sorted({*extras["all"], *extras["dev"]})

# PyPI shows the README without the repo around it, so what it links to in the repo gets a full address
home, branch = cfg["git_url"], cfg["branch"]
kind = lambda path: "raw" if path.endswith((".png", ".jpg", ".svg")) else "blob"
readme = (here/"README.md").read_text(encoding="utf-8")
readme = re.sub(r'(\]\(|src=")(?!https?:|#)([^)"\s]+)', lambda m: f"{m[1]}{home}/{kind(m[2])}/{branch}/{m[2]}", readme)

minors = range(int(cfg["min_python"].split(".")[1]), 14)
status = {"3": "3 - Alpha", "4": "4 - Beta", "5": "5 - Production/Stable"}[cfg["status"]]
setup(
    name=cfg["lib_name"], version=cfg["version"], description=cfg["description"],
    long_description=readme, long_description_content_type="text/markdown",
    author=cfg["author"], author_email=cfg["author_email"], url=home, license="Apache-2.0", license_files=["LICENSE"],
    project_urls={"Documentation": cfg["doc_host"] + cfg["doc_baseurl"], "Changelog": f"{home}/blob/{branch}/CHANGELOG.md"},
    keywords=cfg["keywords"].split(), python_requires=f">={cfg['min_python']}",
    classifiers=[f"Development Status :: {status}", f"Intended Audience :: {cfg['audience']}", "Natural Language :: English",
                 *(f"Programming Language :: Python :: 3.{n}" for n in minors)],
    packages=find_packages(include=["annot_hub", "annot_hub.*"]), include_package_data=True,
    install_requires=cfg["requirements"].split(), extras_require=extras,
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": ["annot_hub=annot_hub._modidx:d"]},
)
