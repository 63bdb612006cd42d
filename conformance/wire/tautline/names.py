"""Channel names and patterns (§12)."""


def _segments(name):
    if not isinstance(name, str) or not 1 <= len(name) <= 128:
        return None
    if any(not '!' <= character <= '~' or character in '>{}\\' for character in name):
        return None
    segments = name.split(':')
    return None if any(segment in ('', '.', '..') for segment in segments) else segments


def is_channel(name):
    return _segments(name) is not None and '*' not in name


def is_pattern(name):
    """A name without wildcards is one too."""
    segments = _segments(name)
    if segments is None:
        return False
    last = len(segments) - 1
    return all('*' not in s or s == '*' or (s == '**' and i == last) for i, s in enumerate(segments))


def matches(pattern, channel):
    wanted, given = pattern.split(':'), channel.split(':')
    if wanted[-1] == '**':
        wanted = wanted[:-1]
        if len(given) <= len(wanted):
            return False
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(w in ('*', g) for w, g in zip(wanted, given))
