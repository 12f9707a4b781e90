"""Wildcard patterns: `*` is any run, `?` one character. Fold case first where the cloud ignores it.

What is asked for may have wildcards too: a rule that compares names with `==` or `startswith` overlooks `s3:*`.
"""

import re


def matches(pattern, text):
    """Whether `pattern` matches the plain `text`."""
    return _takes(pattern, text, lambda _: True)


def covers(wide, narrow):
    """Whether every text that `narrow` matches is matched by `wide` too. Never true wrongly."""
    return _takes(_normal(wide), _normal(narrow), lambda symbol: symbol != "*")


def intersects(left, right):
    """Whether some text is matched by both patterns."""
    todo, seen = [(0, 0)], set()
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        l, r = at
        a, b = left[l : l + 1], right[r : r + 1]
        if not a and not b:
            return True
        if "*" in (a, b):
            # The star takes what stands on the other side, or ends.
            todo += [(l + 1, r)] if a else []
            todo += [(l, r + 1)] if b else []
        elif a and b and (a == b or "?" in (a, b)):
            todo.append((l + 1, r + 1))
    return False


def _takes(pattern, symbols, one):
    """Takes the least for each star, and goes back to the last star only. `one` says which symbols a `?` may take."""
    p = s = 0
    star = None
    while p < len(pattern) or s < len(symbols):
        here = pattern[p : p + 1]
        if here == "*":
            star = (p + 1, s)
            p += 1
        elif s < len(symbols) and (here == "?" and one(symbols[s]) or here == symbols[s]):
            p, s = p + 1, s + 1
        elif star and star[1] < len(symbols):
            star = (star[0], star[1] + 1)
            p, s = star
        else:
            return False
    return True


def _normal(pattern):
    """Each run of wildcards as its question marks and then at most one star."""
    return re.sub(r"[*?]+", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)
