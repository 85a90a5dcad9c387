"""Annotate your own images, round after round, with every image, label and decision in one versioned repo

Begin with `annot_hub demo` in a terminal, or with `annot_hub init` on a folder of your own; in Python with
`from annot_hub.project import Project`. Each chapter is a package whose `help()` says what it is for:

    annot_hub.collect    a folder becomes a table, and the table a dataset repo
    annot_hub.annotate   the repo becomes tasks that people answer in Label Studio
    annot_hub.record     every answer is kept, and one label an image is decided
    annot_hub.publish    what others load: one commit, a tag, a diff and a card
    annot_hub.iterate    a first model, the labels that look wrong, what to ask next
    annot_hub.project    the loop as one object over one small file
    annot_hub.localhub   the protocol of the Hub on your own machine
    annot_hub.demo       a made-up encyclopaedia, and the whole loop on it
"""

__version__ = "0.1.0"
