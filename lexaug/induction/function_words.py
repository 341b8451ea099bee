"""English function words: the closed classes, which statistics link with whatever is frequent.

>>> "the" in FUNCTION_WORDS, "house" in FUNCTION_WORDS
(True, False)
"""

from __future__ import annotations

_DETERMINERS = "a an the this that these those each every either neither some any no such both all"
_PRONOUNS = (
    "i me my mine myself you your yours yourself yourselves he him his himself she her hers herself"
    " it its itself we us our ours ourselves they them their theirs themselves one who whom whose"
    " which what there here"
)
_AUXILIARIES = (
    "am is are was were be been being have has had having do does did doing done will would shall"
    " should can could may might must ought not"
)
_CONTRACTIONS = (
    "i'm i've i'd i'll you're you've you'd you'll he'd he'll she'd she'll it'd it'll we're we've"
    " we'd we'll they're they've they'd they'll isn't aren't wasn't weren't hasn't haven't hadn't"
    " don't doesn't didn't won't wouldn't shan't shouldn't can't cannot couldn't mightn't mustn't"
)
_PREPOSITIONS = (
    "of in on at by for with from to into onto upon about against between among through during"
    " before after above below over under within without toward towards across around behind beside"
    " near off out up down per via since until till than as like"
)
_CONJUNCTIONS = (
    "and or but nor so yet if then because while although though whether that when where why how"
    " also too very just only even"
)

FUNCTION_WORDS = frozenset(
    " ".join(
        (_DETERMINERS, _PRONOUNS, _AUXILIARIES, _CONTRACTIONS, _PREPOSITIONS, _CONJUNCTIONS)
    ).split()
)
