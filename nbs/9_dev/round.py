"One round of the loop without Label Studio, with the packages that are installed: draw, collect, upload, publish, load"
import os
import tempfile
from pathlib import Path

when = '2026-11-01T09:00:00.000000Z'

with tempfile.TemporaryDirectory() as tmp:
    os.environ.update(HF_HOME=f'{tmp}/cache', ANNOT_HUB_CONFIG=f'{tmp}/config')
    from annot_hub.localhub.server import LocalHub
    with LocalHub(f'{tmp}/hub') as hub: # it says where the Hub is, before the Hub's client is imported
        from annot_hub.demo.book import draw_book
        from annot_hub.collect.images import measure, scan
        from annot_hub.collect.sampling import sample
        from annot_hub.collect.repo import Repo
        from annot_hub.collect.uploading import upload
        from annot_hub.annotate.interface import classification, encode
        from annot_hub.publish.loading import load
        from annot_hub.publish.publishing import publish

        book = Path(tmp)/Path(draw_book(tmp, volumes=1, pages=8).file_name[0]).parts[0]
        pages = measure(scan(book, prefix='images'), book, 'images')
        assert len(pages) == 8 and not pages.error.any(), pages.error
        pages = sample(pages.drop(columns='error'), 6, seed=0)
        repo, interface = f'{hub.user}/pages', classification(['text-only', 'illustrated'])
        Repo(repo).create()
        print(upload(pages, book, repo))

        answers = []
        for n, name in enumerate(pages.file_name[pages.selected]):
            label = ['text-only', 'illustrated'][n % 2]
            answers.append(dict(kind='annotation', file_name=name, repo_id=repo, unique_id=f'ada-{n}', annotator='ada',
                                created_at=when, updated_at=when, task_updated_at=when, skipped=False, ground_truth=False,
                                lead_time=2.5, result=encode(interface, {'label': label}), annotation_id=n, task_id=n, raw={}))
        print(publish(repo, answers, interface, tag='v1'))
        labelled = load(repo, 'v1')
        assert len(labelled) == 6 and labelled[0]['image'].size == (480, 660), labelled
        print(labelled.features['label'], labelled[0]['image'].size)
