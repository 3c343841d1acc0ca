"""Merging: against git and merge3, and by a model of several editors of one text."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import merge3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortems.documents.merge import MAX_COMPARISONS, merge_texts

WORDS = tuple(f"line {n}" for n in range(2000))


def _triple(seed: int) -> tuple[str, str, str]:
    chance = random.Random(seed)
    base = chance.sample(WORDS, chance.randrange(12))

    def changed() -> list[str]:
        out = []
        for line in base:
            what = chance.random()
            if what < 0.12:
                continue
            out.append(chance.choice(WORDS) if what < 0.24 else line)
            if what > 0.88:
                out.append(chance.choice(WORDS))
        return out

    return "\n".join(base), "\n".join(changed()), "\n".join(changed())


def _by_merge3(base: str, theirs: str, yours: str) -> tuple[bool, str]:
    merger = merge3.Merge3(*(text.split("\n") for text in (base, theirs, yours)))
    groups = list(merger.merge_groups())
    is_clean = all(kind != "conflict" for kind, *_ in groups)
    return is_clean, "\n".join(line for _, *lines in groups for line in lines[0]) if is_clean else ""


@pytest.mark.parametrize("start", range(0, 400, 100))
def test_merge_agrees_with_merge3(start):
    for seed in range(start, start + 100):
        base, theirs, yours = _triple(seed)
        merged, (is_clean, text) = merge_texts(base, theirs, yours), _by_merge3(base, theirs, yours)
        if theirs != yours and base not in (theirs, yours):
            assert merged.is_clean is is_clean, (base, theirs, yours)
            if is_clean:
                assert merged.text == text


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_merge_agrees_with_git_where_both_are_clean(tmp_path: Path):
    for seed in range(500, 525):
        texts = _triple(seed)
        names = [tmp_path / name for name in ("base", "theirs", "yours")]
        for name, text in zip(names, texts, strict=True):
            name.write_text(text + "\n")
        argv = ["git", "merge-file", "-p", str(names[1]), str(names[0]), str(names[2])]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        merged = merge_texts(*texts)
        if merged.is_clean:
            assert done.returncode == 0, texts
            assert merged.text + "\n" == done.stdout, texts


def test_sentences_of_one_line_merge():
    base = "It was slow. The pool was full. We restarted."
    theirs = "It was very slow. The pool was full. We restarted."
    yours = "It was slow. The pool was full. We restarted twice."
    assert merge_texts(base, theirs, yours).text == (
        "It was very slow. The pool was full. We restarted twice."
    )


def test_same_sentence_changed_twice_conflicts():
    found = merge_texts("We restart.", "We roll back.", "We scale up.")
    assert not found.is_clean
    assert (found.conflicts[0].theirs, found.conflicts[0].yours) == ("We roll back.", "We scale up.")


def test_change_names_its_lines():
    found = merge_texts("a\nb\nc", "a2\nb\nc", "a\nb\nc\nd")
    assert found.text == "a2\nb\nc\nd"
    assert found.changed == ((4, 4),)


def test_texts_too_alike_to_compare_conflict_at_once():
    lines = "\n".join(["same"] * (int(MAX_COMPARISONS**0.5) + 10))
    found = merge_texts(lines, f"x\n{lines}\ny", f"z\n{lines}\nw")
    assert not found.is_clean


EDIT = st.tuples(st.integers(0, 3), st.integers(0, 30), st.sampled_from(("add", "change", "drop", "read")))


@settings(max_examples=150, deadline=None)
@given(st.lists(EDIT, max_size=40))
def test_no_saved_line_is_lost(edits):
    """Four editors with texts of their own read, edit and save; what conflicts stays as a draft."""
    stored, versions, drafts = "one\ntwo\nthree", ["one\ntwo\nthree"], []
    bases, texts, written, dropped = [0] * 4, [stored] * 4, set(), set()
    for n, (who, where, what) in enumerate(edits):
        if what == "read":
            bases[who], texts[who] = len(versions) - 1, stored
            continue
        lines = texts[who].split("\n")
        at = where % len(lines)
        if what == "add":
            lines.insert(at, f"line {n} of {who}")
        elif what == "change":
            lines[at] = f"line {n} of {who}"
        elif len(lines) > 1:
            dropped.add(lines.pop(at))
        text = "\n".join(lines)
        written.add(f"line {n} of {who}" if what != "drop" else lines[0])
        merged = merge_texts(versions[bases[who]], stored, text)
        if merged.is_clean:
            stored = merged.text
            versions.append(stored)
        else:
            drafts.append(text)
        bases[who], texts[who] = len(versions) - 1, stored
    everywhere = {line for text in (*versions, *drafts) for line in text.split("\n")}
    assert written <= everywhere
    assert "" not in everywhere or "" in dropped
