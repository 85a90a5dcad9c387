"Everything that pyproject.toml leaves to `dynamic`, read from settings.ini: the one place it is written."
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

ini = ConfigParser(delimiters=["="], interpolation=None)
ini.read(Path(__file__).parent/"settings.ini", encoding="utf-8")
cfg = ini["DEFAULT"]
extras = {k.removesuffix("_requirements"): v.split() for k, v in cfg.items() if k.endswith("_requirements")}
extras["all"] = sorted({r for name, reqs in extras.items() if name != "dev" for r in reqs})
extras["dev"] = sorted({*extras["all"], *extras["dev"]})
minors = range(int(cfg["min_python"].split(".")[1]), 14)

setup(
    name=cfg["lib_name"], version=cfg["version"], description=cfg["description"],
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"], author_email=cfg["author_email"], url=cfg["git_url"], license="Apache-2.0",
    keywords=cfg["keywords"].split(), python_requires=f">={cfg['min_python']}",
    classifiers=["Development Status :: 3 - Alpha", f"Intended Audience :: {cfg['audience']}", "Natural Language :: English",
                 *(f"Programming Language :: Python :: 3.{n}" for n in minors)],
    packages=find_packages(include=["annot_hub", "annot_hub.*"]), include_package_data=True,
    install_requires=cfg["requirements"].split(), extras_require=extras,
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": ["annot_hub=annot_hub._modidx:d"]},
)
