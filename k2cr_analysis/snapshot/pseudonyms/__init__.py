"""A snapshot under other names: for pages and files that may leave the house. The key stays with its owner.

What is named is found in the objects, the tables and the provenance (``names.py``); each name has one alias, whatever
it names and wherever it stands (``key.py``); texts that hold names keep everything else (``texts.py``). All that comes
after a snapshot is made from it, and so holds the aliases alone.
"""

from k2cr_analysis.snapshot.pseudonyms.key import Key, read_key, write_key
from k2cr_analysis.snapshot.pseudonyms.renamed import Renamed, renamed
from k2cr_analysis.snapshot.pseudonyms.texts import Renaming

__all__ = ["Key", "Renamed", "Renaming", "read_key", "renamed", "write_key"]
