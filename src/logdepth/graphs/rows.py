"""The fast parser of edge lines, compiled: whole-number ids and a weight, straight out of the bytes.

It reads what is plain and stops before the first line that is not; `dialect.py` has the definition of a line,
reads those, and words the errors. What this parser does accept it must read exactly as the definition does.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NEWLINE, _RETURN, _SPACE, _QUOTE, _TAB = 10, 13, 32, 34, 9
_TENTH, _LEAST = -(2**63 // 10), -(2**63)
_POWERS = np.array([float(10**k) for k in range(23)])  # those that are exact in float64


@njit(inline="always")
def _blank(byte):
    return byte in (_SPACE, _TAB, 11, 12)


@njit(inline="always")
def _digit(byte):
    return 48 <= byte <= 57


@njit(cache=True)
def _integer(text, start, end):
    """(is it an int64, its value). Built up negative, as -2**63 has no positive."""
    negative = start < end and text[start] == 45
    if negative or (start < end and text[start] == 43):
        start += 1
    value = np.int64(0)
    for i in range(start, end):
        digit = np.int64(text[i]) - 48
        if not 0 <= digit <= 9 or value < _TENTH or (value == _TENTH and digit > 8):
            return False, value
        value = value * 10 - digit
    if start == end or (not negative and value == _LEAST):
        return False, value
    return True, value if negative else -value


@njit(cache=True)
def _decimal(text, start, end):
    """(is it plain, its value): sign, at most 18 digits with a point, an exponent; correctly rounded or not plain."""
    negative = start < end and text[start] == 45
    if negative or (start < end and text[start] == 43):
        start += 1
    mantissa, shift, begin, point = np.int64(0), 0, start, 0
    while start < end and (_digit(text[start]) or (text[start] == 46 and not point)):
        if text[start] == 46:
            point = 1
        elif mantissa >= 10**17:
            return False, 0.0  # another digit might not fit
        else:
            mantissa = mantissa * 10 + (np.int64(text[start]) - 48)
            shift -= point
        start += 1
    if start - begin == point:
        return False, 0.0  # no digit
    if start < end and (text[start] == 101 or text[start] == 69) and end - start <= 5:
        plain, exponent = _integer(text, start + 1, end)
        if not plain:
            return False, 0.0
        shift += exponent
        start = end
    if start != end or not -22 <= shift <= 22 or (shift >= 0 and mantissa >= 2**53):
        return False, 0.0  # a whole number of that size may be no float64
    exact, value = (True, mantissa * _POWERS[shift]) if shift >= 0 else _divide(mantissa, _POWERS[-shift])
    return exact, -value if negative else value


@njit(cache=True)
def _divide(mantissa, power):
    """(surely?, the float64 nearest to mantissa / power): mantissa below 10**18, power at most 10**22, exact.

    mantissa = high + low, both floats. quotient = fl(high / power), and high - quotient * power is a float too,
    got exactly by Dekker's product. So the answer is quotient + (remainder + low) / power, whose second term is
    computed within 2**-51 of itself; rounding is monotone, so if both ends of that range round alike, that is it.
    """
    high = np.float64(mantissa)
    low = np.float64(mantissa - np.int64(high))
    quotient = high / power
    a, b = quotient * 134217729.0, power * 134217729.0  # 2**27 + 1: halves of 26 bits, whose products are exact
    a, b = a - (a - quotient), b - (b - power)
    product = quotient * power
    rest = ((a * b - product) + a * (power - b) + (quotient - a) * b) + (quotient - a) * (power - b)
    correction = (((high - product) - rest) + low) / power
    slack = correction * 2.0**-50
    value = quotient + correction
    return quotient + (correction - slack) == value and quotient + (correction + slack) == value, value


@njit(cache=True)
def parse_rows(text, separator, columns, bounds, named, tails, heads, weights, fields):
    """Parse the lines of `text` (uint8, ends with a newline) up to the first that is not plain.

    `separator`: a byte, or 0 for white space. `columns`: those of tail, head and weight (-1: none). `bounds`:
    the least and the greatest id. Fills `tails`, `heads` and `weights`, a weight that is not plain with NaN.
    `fields` (rows, 2 or 6) says where in the text the weight stands, and if `named` the tail and the head (which
    then are not parsed). Returns (rows, lines read, where it stopped).
    """
    row = lines = position = 0
    last = max(columns[0], columns[1], columns[2])
    while position < text.size:
        stop, returns, quoted, zero, tab, space = position, 0, False, False, False, False
        while text[stop] != _NEWLINE:
            returns += text[stop] == _RETURN
            quoted |= text[stop] == _QUOTE
            zero |= text[stop] == 0
            tab |= text[stop] == _TAB
            space |= text[stop] == _SPACE
            stop += 1
        end = stop
        if stop > position and text[stop - 1] == _RETURN:
            end -= 1
            returns -= 1
        if returns:
            break
        start = position
        while start < end and _blank(text[start]):
            start += 1
        if start == end or text[start] == 35 or text[start] == 37 or (text[start] == 47 and text[start + 1] == 47):
            position = stop + 1
            lines += 1
            continue
        if (quoted and (separator != 0 or named)) or (named and (zero or (separator == 0 and tab and space))):
            break
        plain, column, start = True, 0, position
        while plain and column <= last:
            if separator == 0:
                while start < end and _blank(text[start]):
                    start += 1
                begin = start
                while start < end and not _blank(text[start]):
                    start += 1
                finish = start
                plain = begin < finish
            else:
                plain = start <= end
                begin = start
                while start < end and text[start] != separator:
                    start += 1
                finish = start
                start += 1
                while begin < finish and _blank(text[begin]):
                    begin += 1
                while begin < finish and _blank(text[finish - 1]):
                    finish -= 1
            if not plain:
                break
            if named and column != columns[2]:
                plain = begin < finish or (column != columns[0] and column != columns[1])
                if column == columns[0]:
                    fields[row, 2], fields[row, 3] = begin, finish
                elif column == columns[1]:
                    fields[row, 4], fields[row, 5] = begin, finish
            elif column == columns[0] or column == columns[1]:
                plain, value = _integer(text, begin, finish)
                plain = plain and bounds[0] <= value <= bounds[1]
                if column == columns[0]:
                    tails[row] = value
                else:
                    heads[row] = value
            elif column == columns[2]:
                exact, weights[row] = _decimal(text, begin, finish)
                if not exact:
                    weights[row] = np.nan
                fields[row, 0], fields[row, 1] = begin, finish
            column += 1
        if not plain:
            break
        row += 1
        lines += 1
        position = stop + 1
    return row, lines, position


@njit(cache=True)
def parse_integers(text, counts, values):
    """Parse lines of int64s separated by white space, up to the first line with anything else.

    Fills `counts` (lines,): how many numbers a line has, -1 for a comment (%); and `values`, all of them.
    Returns (lines, values) read.
    """
    lines = found = position = 0
    while position < text.size:
        first = found
        while _blank(text[position]):
            position += 1
        comment = text[position] == 37
        while text[position] != _NEWLINE:
            start = position
            while text[position] != _NEWLINE and not _blank(text[position]):
                position += 1
            end = position
            if text[position] == _NEWLINE and text[position - 1] == _RETURN:
                end -= 1
            if not comment and start < end:
                plain, values[found] = _integer(text, start, end)
                if not plain:
                    return lines, first
                found += 1
            while _blank(text[position]):
                position += 1
        counts[lines] = -1 if comment else found - first
        lines += 1
        position += 1
    return lines, found
