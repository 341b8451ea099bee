"""What a line of names over triples looks like: `Lemma Form MSD`, `# word tags inflected`.

names_of_columns(["Lemma", "Form", "MSD"])           # lemma, form, features
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from data.errors import InputError
from data.inflections.schema import atoms, dimension
from data.inflections.tags import parse, tidied

LEMMA, FEATURES, FORM, OTHER = "lemma", "features", "form", "-"

# Names of columns, without case, `_`, `-` and `#`. `word` is a lemma beside `inflected`, and a
# form beside `lemma`.
NAMES = {
    LEMMA: "lemma,lemmas,lemmata,lexeme,headword,citation,citation form,dictionary form,base,"
    "base form,baseform,canonical form,uninflected,uninflected form,source,src,lema,lemme,lem",
    FEATURES: "features,feature,feats,feat,feature bundle,features bundle,bundle,bundles,tags,tag,"
    "tagset,msd,msds,morphosyntactic description,morphosyntactic descriptions,morphosyntax,"
    "morphosyntactic features,morphosyntactic tags,morphosyntactic feature bundle,"
    "morphological features,morphological description,morphological tags,morphology,morph,"
    "morpho,morph features,morph feats,unimorph,unimorph features,unimorph tags,unimorph tag,"
    "analysis,grammatical features,inflectional features,description,slot,cell,paradigm cell,pos",
    FORM: "form,forms,inflected,inflected form,inflected forms,inflected word,inflection,wordform,"
    "wordforms,word form,word forms,inflected wordform,inflected word form,surface,surface form,"
    "target,tgt,output,realization,realisation,prediction,predictions,predicted,predicted form,"
    "answer,gold,gold form,form inflected",
}
EITHER = frozenset({"word", "words", "token", "tokens", "input"})
_ROLES = {name: role for role, names in NAMES.items() for name in names.split(",")}


def names_of_columns(cells: Sequence[str]) -> tuple[str, ...] | None:
    """The order that a row of names tells; None of a row that is none.

    A third column whose name says nothing has the role that is left.

    >>> names_of_columns(["# LEMMA", "Inflected form", "Morphosyntactic description"])
    ('lemma', 'form', 'features')
    >>> names_of_columns(["word", "msd", "inflected"]), names_of_columns(["word", "words", "N;PL"])
    (('lemma', 'features', 'form'), None)
    """
    plain = [" ".join(re.split(r"[\s_\-#\"'.:]+", cell.casefold())).strip() for cell in cells]
    roles = [_ROLES.get(name) for name in plain]
    for place, name in enumerate(plain):
        if name in EITHER:
            rest = [role for at, role in enumerate(roles) if at != place]
            roles[place] = FORM if LEMMA in rest else LEMMA
    known = [role for role in roles if role]
    if len(set(known)) < len(known) or len(known) < 2:
        return None
    if len(cells) == 3 and len(known) == 2:
        place = roles.index(None)
        if is_bundle(cells[place]):
            return None
        [missing] = {LEMMA, FEATURES, FORM} - {*known}
        roles[place] = missing
    return tuple(role or OTHER for role in roles) if {LEMMA, FEATURES} <= {*roles} else None


@lru_cache(maxsize=1 << 14)
def is_bundle(cell: str) -> bool:
    """Whether a cell can be read as a bundle, half of whose features, or more, the schema has."""
    try:
        names = [atom for name in parse(tidied(cell)).names() for atom in atoms(name)]
    except InputError:
        return False
    if any(" " in name for name in names):
        return False
    return 2 * sum(dimension(name) is not None for name in names) >= len(names)
