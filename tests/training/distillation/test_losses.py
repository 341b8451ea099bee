"""The losses of distillation by hand, by the papers' formulas, and by what others compute."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from data.errors import InputError
from training.distillation.losses import (
    Soft,
    contrast_error,
    cosine_error,
    parse_losses,
    relation_error,
    soft_targets,
    squared_error,
)

# Two places, three pieces. At temperature 2 the scores 2 ln p are p again.
TEACHER = torch.tensor([[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]])
STUDENT = torch.tensor([[0.25, 0.5, 0.25], [0.1, 0.1, 0.8]])


def test_soft_targets_by_hand() -> None:
    # 0.5 ln 2 + 0.25 ln 0.5 = 0.25 ln 2; 0.8 ln 8 + 0.1 ln(1 / 8) = 2.1 ln 2; times 2 squared.
    by_hand = 4 * (0.25 + 2.1) * math.log(2)
    found = soft_targets(2 * STUDENT.log(), Soft(TEACHER.log()), 2.0)
    assert float(found) == pytest.approx(by_hand, abs=1e-6)


def test_soft_targets_of_the_most_probable_pieces_by_hand() -> None:
    # One piece is kept and the others are one event: (0.5 | 0.5) against (0.25 | 0.75), then
    # (0.8 | 0.2) against (0.1 | 0.9).
    by_hand = 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)
    by_hand += 0.8 * math.log(8) + 0.2 * math.log(0.2 / 0.9)
    top, ids = TEACHER.log().topk(1, dim=-1)
    found = soft_targets(STUDENT.log(), Soft(top, ids), 1.0)
    assert float(found) == pytest.approx(by_hand, abs=1e-6)


def test_all_pieces_kept_are_the_same_loss() -> None:
    torch.manual_seed(1)
    scores, teacher = torch.randn(5, 7), torch.randn(5, 7).log_softmax(-1)
    top, ids = teacher.topk(7, dim=-1)
    whole = float(soft_targets(scores, Soft(teacher), 2.0))
    assert float(soft_targets(scores, Soft(top, ids), 2.0)) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("kept", [None, 1, 3])
def test_gradients_of_soft_targets_are_those_of_the_formula(kept: int | None) -> None:
    torch.manual_seed(3)
    teacher = torch.randn(5, 7).log_softmax(-1)
    top, ids = (teacher, None) if kept is None else teacher.topk(kept, dim=-1)
    by_formula, ours = (torch.zeros(5, 7, requires_grad=True) for _ in range(2))
    log_q = ((by_formula + torch.eye(5, 7)) / 2).log_softmax(-1)
    if ids is not None:
        log_q = log_q.gather(-1, ids)
        rest = [torch.log1p(-one.exp().sum(-1, keepdim=True)) for one in (log_q, top)]
        log_q, told = torch.cat([log_q, rest[0]], -1), torch.cat([top, rest[1]], -1)
    else:
        told = top
    (3 * 4 * functional.kl_div(log_q, told, reduction="sum", log_target=True)).backward()
    (3 * soft_targets(ours + torch.eye(5, 7), Soft(top, ids), 2.0)).backward()
    assert ours.grad is not None
    assert by_formula.grad is not None
    assert torch.allclose(ours.grad, by_formula.grad, atol=1e-6)


def test_states_by_hand() -> None:
    own = torch.tensor([[[1.0, 0.0], [3.0, 4.0]]])
    its = torch.tensor([[[0.0, 1.0], [3.0, 4.0]]])
    mask = torch.tensor([[1, 1]])
    assert float(squared_error(own, its, mask)) == pytest.approx(1.0)  # (1 + 1) / 2, then 0
    assert float(cosine_error(own, its, mask)) == pytest.approx(1.0)  # at right angles, then alike
    assert float(cosine_error(own, its, torch.tensor([[0, 1]]))) == pytest.approx(0.0, abs=1e-6)


def test_contrast_by_hand() -> None:
    own, its = torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])  # each finds the other's
    assert float(contrast_error(own, its, 0.5)) == pytest.approx(2 * math.log(1 + math.exp(2)))


def test_relations_are_those_of_the_paper() -> None:
    """MiniLMv2, equations 4 to 6: relations by head, their divergence, a mean over heads."""
    torch.manual_seed(2)
    own = [torch.randn(2, 4, 8) for _ in range(3)]
    its = [torch.randn(2, 4, 16) for _ in range(3)]
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    total = 0.0
    for student, teacher in zip(own, its, strict=True):
        for row, length in enumerate((4, 3)):
            for head in range(2):
                s = student[row, :length, head * 4 : head * 4 + 4]
                t = teacher[row, :length, head * 8 : head * 8 + 8]
                relation = (s @ s.T / math.sqrt(4)).softmax(-1)
                told = (t @ t.T / math.sqrt(8)).softmax(-1)
                total += float(functional.kl_div(relation.log(), told, reduction="sum")) / 2
    assert float(relation_error(own, its, mask, 2)) == pytest.approx(total, abs=1e-5)


def test_the_loss_of_one_pair_of_models_is_the_formula_to_1e_6() -> None:
    """Scores as transformers computes them, and the divergence as torch has it."""
    from training.architectures import SpecialIds, build
    from training.distillation.reading import Wanted, look

    special = SpecialIds(0, 1, 2)
    student, teacher = (build("decoder-nano", special, 50, seed).eval() for seed in (1, 2))
    ids = torch.randint(3, 50, (2, 6))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    places = torch.ones_like(ids, dtype=torch.bool)
    with torch.no_grad():
        scores, told = (model(**batch).logits.flatten(0, 1) for model in (student, teacher))
        ours = look(student, batch, Wanted(scores=True), places).scores
        theirs = look(teacher, batch, Wanted(scores=True), places).scores
    by_formula = 9 * functional.kl_div(
        (scores / 3).log_softmax(-1), (told / 3).softmax(-1), reduction="batchmean"
    )
    assert ours is not None
    assert theirs is not None
    found = soft_targets(ours, Soft((theirs / 3).log_softmax(-1)), 3.0) / len(scores)
    assert float(found) == pytest.approx(float(by_formula), abs=1e-6)


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("sofd", "did you mean soft?"),
        ("soft,soft:2", "soft stands twice"),
        ("soft:0", "a weight above 0"),
        ("own", "needs no teacher"),
    ],
)
def test_a_wrong_mix_is_refused(mix: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("?", r"\?")):
        parse_losses(mix)
