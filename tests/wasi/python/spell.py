# What a spell in Python has of the contract. The script comes behind this, in the same module.

import host as _host
import random as _random
import sys as _sys

ADD, SUBTRACT, PAINT = range(3)
chance = _host.n


def _wide(at):
    return (_host.i(at) & 0xFFFFFFFF) | _host.i(at + 4) << 32


def _text(at):
    return _host.s(_host.i(at), _host.i(at + 4))


def _point(at):
    return _host.d(at), _host.d(at + 8), _host.d(at + 16)


# What a parameter may hold, by its tag.
_VALUES = (
    lambda at: _host.b(at) != 0,
    lambda at: _wide(at) - (1 << 64 if _host.i(at + 4) < 0 else 0),
    _host.d,
    _text,
    _point,
    lambda at: (_host.i(at), _host.i(at + 4), _host.i(at + 8)),
    _wide,
    lambda at: _host.b(at) | _host.b(at + 1) << 8,
)


class Context:
    def __init__(self, at):
        self.cast, self.tick, self.caster = _wide(at), _wide(at + 8), _wide(at + 16)
        self.origin, self.direction, self.target = _point(at + 24), _point(at + 48), _point(at + 72)
        self.target_entity = _wide(at + 104) if _host.b(at + 96) else None
        self.first_entity, self.fuel = _wide(at + 112), _wide(at + 120)
        self.params = {}
        for param in range(_host.i(at + 128), _host.i(at + 128) + 40 * _host.i(at + 132), 40):
            self.params[_text(param)] = _VALUES[_host.b(param + 8)](param + 16)


def fill_sphere(center, radius, material, mode=ADD):
    at = _host.a(48)
    _host.B(at, 1)
    for axis in range(3):
        _host.D(at + 8 + 8 * axis, center[axis])
    _host.D(at + 32, radius)
    _host.H(at + 40, material)
    _host.B(at + 42, mode)
    _host.A(at, 1)


def _described():
    at = _host.a(40)
    _host.S(at, name)
    _host.S(at + 8, description)
    return at


# What goes wrong in a call is its failure, with the text of the exception.
def _called(function, *arguments):
    at = _host.a(12)
    _random.seed(_host.r())
    try:
        function(*arguments)
    except Exception as error:
        _sys.print_exception(error)
        _host.B(at, 1)
        _host.S(at + 4, str(error))
    return at


def _migrated(state, length):
    at = _host.a(12)
    _host.I(at + 4, state)
    _host.I(at + 8, length)
    return at


def _answer(which, a, b, c, d):
    if which == 0:
        return _described()
    if which == 1:
        return _called(cast, Context(a))
    if which == 2:
        return _called(on_event, Context(a), _host.b(a + 136), _host.i(a + 144))
    return _migrated(c, d)


_host.c(_answer)
