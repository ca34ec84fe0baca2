"""The table of codes. A code is never given a second meaning.

1xx text, 2xx names, 3xx types and units, 4xx meaning, 5xx the run.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Code(NamedTuple):
    """A stable code, how serious it is, and what it is about in a few words."""

    code: str
    severity: Severity
    title: str


def _table(*rows: tuple[int, Severity, str]) -> dict[str, Code]:
    return {f"CBR{n}": Code(f"CBR{n}", severity, title) for n, severity, title in rows}


CODES = _table(
    (101, "error", "the file is not UTF-8 text"),
    (102, "error", "a control character in the text"),
    (103, "error", "a tab in the indentation"),
    (104, "error", "too long, too deeply nested, or too many mistakes"),
    (105, "error", "no rules in the text"),
    (106, "error", "a bracket or a string that does not end"),
    (107, "error", "an indented line that belongs to nothing"),
    (108, "error", "a block without lines"),
    (109, "error", "a word that cannot stand here"),
    (110, "error", "a character the language does not have"),
    (111, "error", "a number that cannot be read"),
    (112, "error", "a text whose braces cannot be read"),
    (113, "error", "`language` out of place or of another version"),
    (114, "error", "`then` missing before `once` or `at most`"),
    (116, "error", "an `include` that cannot be followed"),
    (201, "error", "a hook that does not exist"),
    (202, "error", "a name given twice"),
    (203, "error", "a word of the language used as a name"),
    (204, "error", "a parameter that does not exist"),
    (205, "error", "a metric that the model does not report"),
    (206, "error", "a metric whose better direction is not known"),
    (207, "error", "something that rules cannot set"),
    (208, "error", "a callback that Keras does not have, or that rules cannot use"),
    (209, "error", "an argument that a callback does not take, or that is missing"),
    (210, "error", "a function that does not exist"),
    (211, "error", "a setting that optimizers do not have"),
    (212, "error", "a rule that does not exist"),
    (301, "error", "a number, a truth value or a text where another is needed"),
    (302, "error", "a number out of the range that is asked for"),
    (303, "error", "a unit that is missing or does not fit"),
    (304, "error", "a format that does not fit its value"),
    (305, "error", "an improvement given in percent"),
    (306, "error", "a parameter's value of another type"),
    (307, "error", "an end before its beginning"),
    (308, "error", "a path that a rule may not write to"),
    (309, "error", "an argument's value that does not fit"),
    (310, "error", "too few or too many arguments of a function"),
    (311, "error", "something that changes where a constant is needed"),
    (401, "error", "a setting beside an action that happens at the end"),
    (402, "warning", "a parameter or a variable that no rule uses"),
    (403, "warning", "a metric asked at a hook that never has it"),
    (404, "warning", "a rule that no event reaches"),
    (405, "warning", "a stop that comes too late"),
    (406, "warning", "a condition that hides an improvement"),
    (407, "warning", "a metric compared for equality"),
    (408, "warning", "a `for` whose reach can be misread"),
    (409, "error", "a rule that waits twice"),
    (410, "error", "a derived metric that is computed from itself or a later one"),
    (411, "error", "`per_batch` where there is nothing to take apart"),
    (412, "error", "a test that gives or expects what cannot be"),
    (413, "error", "a change of what a schedule sets"),
    (414, "error", "a change at every batch of what Keras traces"),
    (415, "error", "a phase that is never reached, or has nothing to repeat"),
    (416, "error", "an action where it can do nothing"),
    (417, "warning", "a rate of 0 for a whole epoch"),
    (418, "error", "`keep` where each save replaces the one before"),
    (419, "warning", "a callback that changes the rate beside a schedule of it"),
    (420, "warning", "a condition that can never hold"),
    (421, "warning", "a condition that always holds"),
    (422, "warning", "a change that another rule undoes"),
    (423, "warning", "a rate that is scaled again with every batch"),
    (424, "warning", "a message or a file with every batch"),
    (425, "warning", "a better direction against the name"),
    (426, "warning", "the same rule twice"),
    (427, "warning", "a metric whose name looks misspelt"),
    (428, "warning", "a rate that its limit does not let through"),
    (429, "warning", "a rule that a stop always comes before"),
    (430, "warning", "one file for what is best in two ways"),
    (431, "error", "a callback that cannot tell which direction is better"),
    (432, "warning", "a checkpoint that ignores its metric"),
    (433, "warning", "weights that were not validated"),
    (434, "warning", "a file written before the best weights are back"),
    (435, "warning", "a metric that is recorded below"),
    (436, "warning", "a backup that is deleted when it is needed"),
    (437, "warning", "a decay that grows with each epoch"),
    (438, "warning", "a mean taken for the value of a batch"),
    (439, "error", "two that would take a run up"),
    (440, "warning", "a callback that begins afresh when a run is resumed"),
    (501, "error", "a schedule that does not fit the training"),
    (502, "error", "something that the caller must allow"),
)
