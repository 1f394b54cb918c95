"""What can be kept of a document that is partly wrong: its values, with holes for the rest.

A hole refuses every use with HoleError. So a check written for whole agreements also runs over a
partly wrong one: what it can say it says, and where it meets a hole it ends, because the hole has
been reported already.
"""

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, NoReturn, TypeGuard, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.terms.problems import Findings, Path
from domain.terms.tree import Raw


class HoleError(Exception):
    """A value that could not be read was asked for."""


class _Hole:
    """Stands for a value that could not be read."""

    def _refuse(self, *_: object) -> NoReturn:
        raise HoleError

    __getattr__ = __getitem__ = __call__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __bool__ = __iter__ = __len__ = __contains__ = __str__ = _refuse


HOLE: Any = _Hole()


def until_a_hole(findings: Findings) -> Findings:
    """What a check finds before it meets a hole."""
    try:
        yield from findings
    except HoleError:
        return


def salvage(kind: Any, raw: Raw) -> Any:  # noqa: ANN401 - any part of any shape
    """The value as `kind`, with a hole wherever it cannot be read as that."""
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError:
        pass
    for arm in _arms(kind):
        if isinstance(raw, dict) and _is_model(arm):
            return _salvage_model(arm, raw)
        if isinstance(raw, dict) and get_origin(arm) is dict:
            return {key: salvage(get_args(arm)[1], value) for key, value in raw.items()}
        if isinstance(raw, list) and get_origin(arm) is tuple:
            return tuple(salvage(get_args(arm)[0], item) for item in raw)
    return HOLE


def _salvage_model(model: type[BaseModel], raw: dict[str, Raw]) -> BaseModel:
    hints = _hints(model)
    read = {name: salvage(hints[name], raw[name]) for name in hints if name in raw}
    required = (name for name, field in model.model_fields.items() if field.is_required())
    return model.model_construct(**(dict.fromkeys(required, HOLE) | read))


def keys_at(kind: Any, path: Path) -> tuple[str, ...]:  # noqa: ANN401
    """The keys that a mapping at this path of the shape may have."""
    for step in path:
        kind = _inside(kind, step)
    return tuple(name for arm in _arms(kind) if _is_model(arm) for name in _hints(arm))


def _inside(kind: Any, step: str | int) -> Any:  # noqa: ANN401
    """The type of what a mapping or list holds, in the first alternative that has such a step."""
    return next(held for arm in _arms(kind) for held in _held(arm, step))


def _held(arm: Any, step: str | int) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(step, int):
        yield from get_args(arm)[:1] if get_origin(arm) is tuple else ()
    elif _is_model(arm):
        yield _hints(arm)[step]
    else:
        yield from get_args(arm)[1:2] if get_origin(arm) is dict else ()


def _arms(kind: Any) -> Iterator[Any]:  # noqa: ANN401
    """The alternatives of a type, freed of their annotations."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _arms(get_args(kind)[0])
    elif origin in {Union, UnionType}:
        for arm in get_args(kind):
            yield from _arms(arm)
    else:
        yield kind


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _is_model(arm: Any) -> TypeGuard[type[BaseModel]]:  # noqa: ANN401
    return isinstance(arm, type) and issubclass(arm, BaseModel)


def values_at(value: Any, where: str) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
    """Every value at a place such as `kpis.*.owners.client`, with its path; holes are passed over.

    `*` stands for each item of a list or a mapping, or for the value itself if it is neither. What
    is optional and not stated is passed over too.
    """
    return _values_at(value, where.split(".") if where else [], ())


def _values_at(value: Any, steps: list[str], path: Path) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
    if value is HOLE or value is None:
        return
    if not steps:
        yield path, value
    elif steps[0] != "*":
        yield from _values_at(getattr(value, steps[0]), steps[1:], (*path, steps[0]))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _values_at(item, steps[1:], (*path, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _values_at(item, steps[1:], (*path, index))
    else:
        yield from _values_at(value, steps[1:], path)
