"""Figures of survey answers: mean, top box, net promoter score."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from domain.facts import Survey
from domain.measurement import digest_of, plain
from domain.measures.figure import Figure, Frame, no_figure
from domain.measures.words import facts_of, were
from domain.terms.measures import Score
from domain.threshold import Threshold

TEN = 10
PROMOTER, DETRACTOR = 9, 6
"""On a scale to ten: from here on a promoter, up to there a detractor."""


def survey_score(frame: Frame) -> Figure:
    """The score of the answers of a window."""
    score = frame.measure.score
    if score is None:
        msg = "a survey score needs `score`"
        raise ValueError(msg)
    answers = frame.all_of(Survey)
    if not answers:
        return no_figure()
    least = frame.measure.minimum_sample or 1
    if len(answers) < least:
        few = f"There {were(len(answers))} only {facts_of(frame.measure, len(answers))}"
        said = f"{few}, fewer than the {least:,} that are agreed for a figure."
        return replace(no_figure(said, inputs_digest=_digest(answers)), sample=len(answers))
    value, num, lead = SCORES[score](frame, answers)
    return Figure(
        value=value,
        num=num,
        den=Fraction(len(answers)),
        sample=len(answers),
        inputs_digest=_digest(answers),
        lead=lead,
    )


def _sampled(frame: Frame, answers: list[Survey]) -> str:
    """How many answers there were, beside how many are agreed for a figure."""
    least = frame.measure.minimum_sample
    said = facts_of(frame.measure, len(answers))
    return said if least is None else f"{said} (of at least {least:,} that are agreed)"


def _digest(answers: list[Survey]) -> str:
    return digest_of({each.id: f"{plain(each.score)}\t{plain(each.scale)}" for each in answers})


def _mean(frame: Frame, answers: list[Survey]) -> tuple[Fraction, Fraction, str]:
    """The mean score; in percent, of the share of its scale that each answer reached."""
    said = _sampled(frame, answers)
    if frame.kpi.unit == "%":
        num = sum((_of_scale(each) for each in answers), Fraction(0))
        return num / len(answers) * 100, num, f"{said} gave a mean share of the scale of"
    num = sum((Fraction(each.score) for each in answers), Fraction(0))
    return num / len(answers), num, f"The mean of {said} was"


def _top_box(frame: Frame, answers: list[Survey]) -> tuple[Fraction, Fraction, str]:
    """The share of answers whose score is good."""
    good = frame.measure.good
    if not isinstance(good, Threshold):
        msg = "a top box needs `good`, for example `at least 4`"
        raise TypeError(msg)
    scale = (lambda each: _of_scale(each) * 100) if good.unit == "%" else _score
    counted = sum(good.holds(scale(each)) for each in answers)
    said = _sampled(frame, answers)
    lead = f"{counted:,} of {said} {were(len(answers))} {good}:"
    return Fraction(counted * 100, len(answers)), Fraction(counted), lead


def _net_promoter(frame: Frame, answers: list[Survey]) -> tuple[Fraction, Fraction, str]:
    """The share of promoters less that of detractors, from -100 to 100."""
    scores = [_of_scale(each) * TEN for each in answers]
    promoters = sum(score >= PROMOTER for score in scores)
    detractors = sum(score <= DETRACTOR for score in scores)
    net = promoters - detractors
    said = _sampled(frame, answers)
    lead = f"({promoters:,} promoters - {detractors:,} detractors) of {said}:"
    return Fraction(net * 100, len(answers)), Fraction(net), lead


SCORES: dict[Score, Callable[[Frame, list[Survey]], tuple[Fraction, Fraction, str]]] = {
    Score.MEAN: _mean,
    Score.TOP_BOX: _top_box,
    Score.NET_PROMOTER: _net_promoter,
}


def _score(answer: Survey) -> Fraction:
    return Fraction(answer.score)


def _of_scale(answer: Survey) -> Fraction:
    """From 0 to 1. Scales begin at zero."""
    return Fraction(answer.score) / Fraction(answer.scale)
