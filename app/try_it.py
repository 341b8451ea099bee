"""Try: a sentence translated, a paragraph rewritten, a lemma's forms, intents of utterances.

Each part appears when its package is there. Slow work shows its progress and can be cancelled.
The same from a shell: `icl.translate`, `lexaug.synthesize --mode switch`, `morph.inflect`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import texts
from app.job import Job
from app.page import access, is_offline
from app.rewriting import is_there, marked, rewrite
from app.texts import escape
from data.access import Access
from data.errors import KilolinguaError
from data.languages import resolve
from data.terminal import printable

if TYPE_CHECKING:
    from icl.options import RunConfig
    from icl.translate import Translation, Translator

TRANSLATE, REWRITE, FORMS, INTENTS = "job-translate", "job-rewrite", "job-forms", "job-intents"
WEAK = (
    "The model that comes with the project, SmolLM2-135M, is small, English and weak: it does "
    "not translate Swahili or most other languages. Expect nonsense; this shows how a model is "
    "asked. Name a better model below; python -m icl.eval measures any of them."
)
FIRST_MODEL = (
    "python -m nlu.train --model multilingual-e5-small --freeze 8 --train xsid:train --limit 2000"
    " --dev xsid:dev:en --test xsid:test:de --steps 280"
)
# Parts of speech as UniMorph writes them (Sylak-Glassman 2016), those that inflect.
SPEECH = {
    "": "not said",
    "V": "verb",
    "N": "noun",
    "ADJ": "adjective",
    "PRO": "pronoun",
    "NUM": "numeral",
    "DET": "determiner",
    "PROPN": "proper name",
    "ADV": "adverb",
    "V.PTCP": "participle",
    "V.MSDR": "masdar (verbal noun)",
    "V.CVB": "converb",
}
_ONE_AT_A_TIME = threading.Lock()
_asking: list[Job[Any]] = []  # whose sentence is under way: the model is opened for whoever asks


def show() -> None:
    """Draw the page."""
    st.html('<h1 class="kl-title">Try it on your own words</h1>')
    parts: dict[str, tuple[str, Callable[[], None]]] = {
        "icl.translate": ("Translate a sentence", _translate),
        "lexaug.substitute": ("Rewrite a paragraph", _rewrite),
        "morph.inflect": ("Forms of a lemma", _forms),
        "nlu.model": ("Intents", _intents),
        "data.lexicon.files": ("Your own lexicon", _own_lexicon),
    }
    there = [part for module, part in parts.items() if is_there(module)]
    for place, (_, draw) in zip(st.tabs([name for name, _ in there]), there, strict=True):
        with place:
            draw()


def _translate() -> None:
    from icl.engines import DEFAULT_MODEL
    from icl.options import DIRECTIONS, RunConfig

    st.info(WEAK, icon=":material/info:")
    with st.form("translate"):
        sentence = st.text_area("Sentence", "Habari za asubuhi, mama yangu.", max_chars=1000)
        with st.container(horizontal=True):
            tag = st.text_input("Language", "sw", help="Any code or name", width=180)
            direction = st.selectbox(
                "Direction",
                DIRECTIONS[:2],
                format_func={"xx-en": "into English", "en-xx": "out of English"}.__getitem__,
                width=200,
            )
            shots = st.number_input("Examples", 0, 8, 1, width=140)
            model = st.text_input("Model", DEFAULT_MODEL, width=320)
        asked = st.form_submit_button("Translate")
    if asked:
        config = _made(
            lambda: RunConfig(
                lang=tag,
                direction=direction,
                shots=int(shots),
                model=model,
                max_new_tokens=64,
                offline=is_offline(),
            )
        )
        if config is not None:
            _start(TRANSLATE, lambda job: translate(sentence, config, job))
    _watch(TRANSLATE, _show_translation)


def translate(sentence: str, config: RunConfig, job: Job[Translation]) -> Translation:
    """Translate a sentence for a job, which is told what is under way.

    Raises:
        InputError: no sentence, or a user's mistake in the configuration.
        UnavailableError: the model or the examples cannot be had.
        Cancelled: the job was cancelled.
    """
    job.say("waiting for another visitor's sentence")
    with _ONE_AT_A_TIME:
        _asking[:] = [job]
        job.say("choosing the examples")
        translator = _opened(config)
        job.say(f"asking {config.model}; the first time fetches and converts it")
        return translator.translate(sentence)


@functools.lru_cache(maxsize=1)
def _opened(config: RunConfig) -> Translator:
    """The model; it is large, so one is kept for all visitors."""
    from icl.translate import open_translator

    return open_translator(config, Access.of(config, _say))


def _say(line: str) -> None:
    """Pass a line of the model on to whoever asks now, not to whoever asked first."""
    _asking[0].say(line)


def _made(make: Callable[[], Any]) -> Any:
    """What a function makes; None where the user's settings do not fit, which the page says."""
    try:
        return make()
    except KilolinguaError as error:
        st.error(texts.escape_markdown(str(error)))
        return None


def _show_translation(found: Any) -> None:
    source, target = found.source.bcp47, found.target.bcp47
    st.subheader("What came out", anchor=False)
    cut = f" ({escape(found.note)})" if found.note else ""
    st.html(f'<p class="kl-endonym">{texts.named(found.text or "(nothing)", target)}{cut}</p>')
    st.caption(texts.escape_markdown(f"{found.label}, {found.source.name} to {found.target.name}"))
    st.subheader("The examples that it saw", anchor=False)
    rows = [
        [texts.named(shot.source, source), texts.named(shot.target, target)] for shot in found.shots
    ]
    header = [escape(found.source.name), escape(found.target.name)]
    st.html(texts.table(rows, header, headed=False) if rows else "<p>none</p>")
    with st.expander("The whole prompt"):
        st.code(printable(found.prompt), language=None, wrap_lines=True)


def _rewrite() -> None:
    from lexaug.config import POLICIES

    st.write(
        "Replaces English words by those of a bilingual lexicon: training text for a language that "
        "has little. It is not a translation, and word order stays English."
    )
    with st.form("rewrite"):
        text = st.text_area(
            "English text", "The children walked to school.\nTheir mother sells fish.", height=140
        )
        with st.container(horizontal=True):
            tag = st.text_input("Language", "wo", help="One with a lexicon: see Explore", width=180)
            policy = st.selectbox(
                "Of several translations",
                [policy for policy in POLICIES if policy != "pos"],
                index=1,
                width=220,
            )
            ratio = st.slider("Share of known words to replace", 0.0, 1.0, 1.0, 0.05, width=260)
            seed = st.number_input("Seed", 0, 10**6, 1, width=140)
        asked = st.form_submit_button("Rewrite")
    if asked:
        settings: dict[str, Any] = {"ratio": ratio, "policy": policy, "seed": int(seed)}
        reached = access()
        _start(
            REWRITE,
            lambda job: rewrite(text, tag, access=replace(reached, report=job.say), **settings),
        )
    _watch(REWRITE, _show_rewritten)


def _show_rewritten(found: Any) -> None:
    for line in found.lines:
        way = texts.direction(line.text)
        st.html(f'<p lang="{escape(found.tag)}" dir="{way}">{marked(line)}</p>')
    share = f"{100 * found.replaced / found.words:.0f} %" if found.words else "none"
    st.caption(
        texts.escape_markdown(
            f"{found.replaced} of {found.words} words replaced ({share}), underlined; the pointer "
            f"on one tells its rule. Lexicon: {found.lexicon}, {found.entries:,} entries. "
            f"Inflection: {found.inflection}."
        )
    )
    for note in found.notes:
        st.caption(texts.escape_markdown(note))


def _own_lexicon() -> None:
    from app.own_lexicon import show

    show()


def _forms() -> None:
    st.write(
        "Looks a lemma up in the inflection tables of the catalog. Forms of a lemma that no table "
        "lists are made by rules learned from the tables, or by a trained model, and are marked as "
        "made."
    )
    with st.form("forms"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            tag = st.text_input("Language", "sw", help="One with an inflection table", width=180)
            lemma = st.text_input("Lemma", "soma", width=220)
            features = st.text_input(
                "Features", help="A UniMorph bundle, V;PST;3;SG; empty: all forms", width=300
            )
            speech = st.selectbox(
                "Part of speech",
                list(SPEECH),
                format_func=SPEECH.__getitem__,
                help="Of a lemma that no table lists",
                width=180,
            )
            model = st.text_input(
                "Trained model", help="A folder in runs/ of morph.train; empty: rules", width=200
            )
        asked = st.form_submit_button("Look up")
    if asked:
        from app.paradigm import forms

        language = _made(lambda: resolve(tag))
        told: dict[str, Any] = {"part_of_speech": speech, "model": model.strip()}
        reached = access()  # asked here: a job has no session
        if language is not None:
            _start(
                FORMS,
                lambda job: forms(
                    lemma, language, features, access=replace(reached, report=job.say), **told
                ),
            )
    _watch(FORMS, _show_forms)


def _show_forms(found: Any) -> None:
    for note in (*found.relatives, *found.notes):
        st.caption(texts.escape_markdown(note))
    rows = [
        [
            escape(row.features),
            texts.named(row.form) + (" <em>(made)</em>" if row.is_made else ""),
            escape(row.source),
            escape(row.sureness),
        ]
        for row in found.rows
    ]
    header = ["features (UniMorph)", "form", "who says so", "how sure"]
    st.html(texts.table(rows, header, [3]))
    st.caption("The same question in a shell:")
    st.code(printable(found.command), language="bash", wrap_lines=True)


def _intents() -> None:
    from app.intents import draw, models, understand
    from app.results import folder

    st.write(
        "What an assistant would take an utterance for, and which words are its arguments: by a "
        "model that was trained on English, say, and is asked in another language."
    )
    here = folder()
    names = models(here)
    if not names:
        st.info(
            texts.escape_markdown(f"No model of intents and slots lies in {here}/. A first one:")
        )
        st.code(FIRST_MODEL, language="bash", wrap_lines=True)
        return
    with st.form("intents"):
        text = st.text_area(
            "Utterances, one a line", "weck mich morgen um sieben\nwake me at seven", height=120
        )
        name = st.selectbox("Model", names, width=320)
        asked = st.form_submit_button("Understand")
    if asked:
        _start(INTENTS, lambda job: understand(text, name, here, job))
    _watch(INTENTS, draw)


def _start(name: str, work: Callable[[Job[Any]], Any]) -> None:
    """Begin a job in the place of an earlier one."""
    earlier = st.session_state.get(name)
    if earlier is not None:
        earlier.cancel()
    job: Job[Any] = Job(work)
    st.session_state[name] = job
    job.start()


def _watch(name: str, draw: Callable[[Any], None]) -> None:
    """Show how a job is getting on, then what came out of it."""
    job: Job[Any] | None = st.session_state.get(name)
    if job is None:
        return
    if job.running:
        _progress(name)
    elif job.cancelled:
        st.write("Cancelled.")
    elif job.failure:
        st.error(texts.escape_markdown(job.failure))
    elif job.result is not None:
        draw(job.result)


@st.fragment(run_every=0.5)
def _progress(name: str) -> None:
    """Progress and a button, drawn anew twice a second; the whole page once the job has ended."""
    job: Job[Any] = st.session_state[name]
    if not job.running:
        st.rerun()
    line = texts.escape_markdown(job.line)
    if job.share is None:
        st.status(f"{line} …", state="running")
    else:
        st.progress(job.share, text=line)
    if st.button("Cancel", key=f"cancel-{name}"):
        job.cancel()
        st.rerun()
