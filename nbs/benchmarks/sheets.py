"""Keys, clicks and waiting from `annot_hub init` to 500 labelled pages of the drawn book: one page at a time, and by contact sheets with a model in the loop.
    python nbs/benchmarks/sheets.py --dir DIR --out nbs/benchmarks/sheets.csv
A scripted person, who makes no mistake and does not think, sits before a real Label Studio in Chromium. DIR needs 300 MB; what is in it but for the book is made anew."""
import argparse, asyncio, os, re, shutil, time
from pathlib import Path
from statistics import median

KINDS = ['text-only', 'illustrated']
CHROMIUM = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
PICTURE = "() => { const img = document.querySelector('img[alt=image]'); return img && img.naturalWidth > 0 }"
SHEET = "n => [...document.querySelectorAll('.ah-sheet img')].filter(i => i.naturalWidth > 0).length == n"

class Person:
    "Sees what is on the screen, presses keys, and counts"
    def __init__(self, tab, p, truth): self.tab, self.p, self.truth, self.rows, self.done = tab, p, truth, [], set()

    async def number(self, seen=()):
        "The task on the screen, when it is another one than those seen"
        await self.tab.wait_for_function("""seen => { const id = document.querySelector('.lsf-current-task__task-id')?.textContent?.match(/\\d+/)?.[0];
                                            return id && !seen.includes(+id) }""", arg=[*seen])
        return int(re.search(r'\d+', await self.tab.inner_text('.lsf-current-task__task-id'))[0])

    async def start(self, project):
        "One click"
        await self.tab.goto(f'{self.p.studio.url}/projects/{project}/data')
        await self.tab.get_by_role('button', name='Label All Tasks').click()

    async def press(self, keys, task):
        "Press keys; the last one sends the task"
        async with self.tab.expect_response(lambda r: r.request.method == 'POST' and f'/api/tasks/{task}/annotations' in r.url) as sent:
            for key in keys[:-1]: await self.tab.keyboard.press(key)
            self.sent = time.monotonic()
            await self.tab.keyboard.press(keys[-1])
        assert (await sent.value).status == 201

    def note(self, way, pages, keys, waits):
        self.rows.append({'way': way, 'pages': pages, 'keys': keys, 'clicks': 1, 'sent': len(waits) + 1, 'wait': round(sum(waits), 2),
                          'middle_wait': round(median(waits or [0]), 3)})
        print(self.rows[-1], flush=True)

    async def singly(self, way, n, keys_of):
        "Label `n` pages, one at a time"
        project, seen, keys, waits = self.p.existing(), [], 0, []
        tasks = {t['id']: t['data']['file_name'] for t in self.p.studio.tasks(project)}
        await self.start(project.id)
        for i in range(n):
            task = await self.number(seen)
            await self.tab.wait_for_function(PICTURE)
            if i: waits.append(time.monotonic() - self.sent)
            else: await self.tab.wait_for_timeout(1000)
            pressed = keys_of(1 + KINDS.index(self.truth[tasks[task]]))
            await self.press(pressed, task)
            keys, seen = keys + len(pressed), [*seen, task]
        self.note(way, n, keys, waits)

    async def by_sheets(self, way):
        "Answer all sheets that are open"
        project = self.p.sheet_projects(self.p.existing())[-1]
        tasks, seen = {t['id']: t['data'] for t in self.p.studio.tasks(project) if t['id'] not in self.done}, []
        keys, waits = 0, []
        await self.start(project.id)
        for i in range(len(tasks)):
            task = await self.number(seen)
            pages = tasks[task]['pages']
            await self.tab.wait_for_function(SHEET, arg=len(pages))
            if i: waits.append(time.monotonic() - self.sent)
            else: await self.tab.wait_for_timeout(1000)
            ticks = await self.tab.evaluate("() => [...document.querySelectorAll('.ah-ticks input')].map(i => i.checked)")
            wrong = [page['hotkey'] for page, tick in zip(pages, ticks, strict=True) if tick != (self.truth[page['value']] == KINDS[1])]
            await self.press([*wrong, 'Control+Enter'], task)
            keys, seen = keys + len(wrong) + 1, [*seen, task]
        self.done |= {*seen}
        self.note(way, sum(len(data['pages']) for data in tasks.values()), keys, waits)

def begin(dir, hub, studio, title, n):
    "A project of the drawn book, in the repo"
    from annot_hub.annotate.services import free_port
    from annot_hub.project import Project
    from annot_hub.project.start import init
    path = init(dir/'book', f'{hub.user}/{title.lower()}', KINDS, title=title, dir=dir, endpoint=hub.endpoint, studio=studio.url)
    text = path.read_text().replace('port = 8030', f'port = {free_port()}').replace('# [sample]', '[sample]')
    text = text.replace('# n = 1000', f'n = {n}').replace('# seed', 'seed').replace('labels = [', 'one_key = true\nlabels = [', 1)
    path.write_text(text)
    p = Project.load(dir)
    p.collect()
    p.upload()
    return p

async def log_in(browser, studio):
    "A tab of its own"
    tab = await (await browser.new_context(viewport=dict(width=1400, height=900))).new_page()
    tab.set_default_timeout(60_000)
    await tab.goto(studio.url + '/user/login/')
    await tab.fill('input[name=email]', studio.email)
    await tab.fill('input[name=password]', studio.password)
    await tab.click('button[type=submit]')
    await tab.wait_for_url(lambda url: '/user/login' not in url)
    return tab

async def singles(browser, studio, p, truth, n, few):
    "Pages one at a time: a few by two keys, and a few by one"
    person = Person(await log_in(browser, studio), p, truth)
    p.push()
    with p.gate():
        await person.singly('a digit, Ctrl+Enter', few, lambda digit: [str(digit), 'Control+Enter'])
        p.keys()
        await person.tab.goto(studio.url)      # keys are read with the page
        await person.singly('a digit', few, lambda digit: [str(digit)])
    p.keys(undo=True)
    return person.rows

async def sheets(browser, studio, p, truth, n, first):
    "A first batch on sheets without guesses, the others with those of a model"
    from annot_hub.project import SheetWishes
    person = Person(await log_in(browser, studio), p, truth)
    for way, wishes in ('sheets without guesses', SheetWishes(n=first)), ('sheets with guesses', SheetWishes(n=n - first)):
        print(p.sheet(wishes), flush=True)
        with p.gate(): await person.by_sheets(way)
        p.pull()
    return person.rows

async def main(dir, out, n, few, first):
    import pandas as pd
    from playwright.async_api import async_playwright
    from annot_hub.annotate import LocalStudio
    from annot_hub.demo.book import draw_book
    from annot_hub.localhub.server import LocalHub
    from fastcore.test import test_eq
    for name in ('config', 'hub', 'one', 'other'): shutil.rmtree(dir/name, ignore_errors=True)
    os.environ.update(ANNOT_HUB_CONFIG=str(dir/'config'), HF_HUB_DISABLE_PROGRESS_BARS='1')
    book = draw_book(dir/'book', 13, 40)         # kept for the next time
    for name in ('one', 'other'): shutil.copytree(dir/'book', dir/name/'book')
    truth = {f'images/{name}': label for name, label in zip(book.file_name, book.label)}
    hub, rows, found = LocalHub(dir/'hub').start(), [], {}
    for title, work, extra in ('One', singles, few), ('Other', sheets, first):
        with LocalStudio() as studio:       # both begin in a fresh one
            os.environ['LABEL_STUDIO_API_KEY'] = studio.token
            p = begin(dir/title.lower(), hub, studio, title, n)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, CHROMIUM))),
                                                           args=['--disable-gpu', '--disable-quic', '--no-first-run'] + ['--no-sandbox']*(os.geteuid() == 0))
                rows += await work(browser, studio, p, truth, n, extra)
            p.pull()
            table = p.known_images()[2]
            found[title] = table[table.label.notna()].set_index('file_name').label.to_dict()
    hub.stop()
    test_eq({title: len(labels) for title, labels in found.items()}, {'One': 2*few, 'Other': n})
    for labels in found.values(): test_eq(labels, {name: truth[name] for name in labels})
    pd.DataFrame(rows).to_csv(out, index=False)

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dir', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--pages', type=int, default=500)
    parser.add_argument('--few', type=int, default=60, help='pages labelled one at a time, by two keys, and again by one')
    parser.add_argument('--first', type=int, default=120, help='on sheets without guesses')
    a = parser.parse_args()
    asyncio.run(main(a.dir, a.out, a.pages, a.few, a.first))
