"""A psql script in the pieces psql would send: statements with their variables filled in, the data of COPY, and the few
backslash commands that change what follows (psql's manual page, "Meta-Commands"). Others are skipped."""

import dataclasses
import os
import re

_SPACE = re.compile(r"\s+")
_LINE_COMMENT = re.compile(r"--[^\n]*")
_DOLLAR_QUOTE = re.compile(r"\$(?:[A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?\$")
_WORD = re.compile(r"[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*")
_VARIABLE = re.compile(r":(?:'([A-Za-z0-9_]+)'|\"([A-Za-z0-9_]+)\"|([A-Za-z0-9_]+))")
_META = re.compile(r"\\(;|[^\s\\;]+)[ \t]*([^\n]*)")


@dataclasses.dataclass
class Statement:
    text: str
    line: int
    end: str = ";"  # what ended it: ";", or the backslash command that sends it (gset, gexec, g, gx ...)
    argument: str = ""  # of that command
    is_several: bool = False  # joined by \\;


@dataclasses.dataclass
class Connect:
    """\\c: another connection from here on."""
    database: str
    user: str


class PsqlScript:
    """Hands out one piece after the other; `variables` may be changed in between (by \\gset)."""

    def __init__(self, text, variables):
        self.text = text
        self.variables = variables
        self.at = 0
        self.is_skipping = []  # \if: whether its branch is passed over
        self.has_escapes = False  # in plain strings: standard_conforming_strings is off

    def copy_data(self):
        """The lines up to `\\.`, of a COPY ... FROM STDIN that the server has begun."""
        lines = []
        self._skip_line()
        while self.at < len(self.text):
            begin = self.at
            self._skip_line()
            line = self.text[begin:self.at]
            if line.rstrip("\n") == "\\.":
                break
            lines.append(line)
        return "".join(lines)

    def _skip_line(self):
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end + 1

    def pieces(self):
        while self.at < len(self.text):
            piece = self._next()
            if piece is not None and not any(self.is_skipping):
                yield piece

    def _next(self):
        """A statement or a Connect; nothing at the end, or for a backslash command that means nothing here."""
        out, depth, atomic, begin_line = [], 0, 0, None
        words = []
        while self.at < len(self.text):
            char = self.text[self.at]
            taken = self._blank_or_comment()
            if taken is not None:
                if out:
                    out.append(taken)
                continue
            if char == "\\":
                piece = self._meta(out, begin_line)
                if piece is _GO_ON:
                    continue
                return piece
            if begin_line is None:
                begin_line = self.text.count("\n", 0, self.at) + 1
            if char == ";" and depth == 0 and atomic == 0:
                self.at += 1
                return Statement("".join(out), begin_line, is_several=_JOINT in out)
            taken = self._quoted() or self._variable()
            if taken is None and (word := _WORD.match(self.text, self.at)):
                taken = word.group()
                self.at = word.end()
                words.append(taken.lower())
                atomic += _body_depth(words, atomic)
            if taken is None:
                depth += (char == "(") - (char == ")")
                taken = char
                self.at += 1
            out.append(taken)
        return Statement("".join(out), begin_line) if "".join(out).strip() else None

    def _blank_or_comment(self):
        for pattern in (_SPACE, _LINE_COMMENT):
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return found.group()
        if not self.text.startswith("/*", self.at):
            return None
        begin, depth = self.at, 0
        while self.at < len(self.text):
            two = self.text[self.at:self.at + 2]
            depth += (two == "/*") - (two == "*/")
            self.at += 2 if two in ("/*", "*/") else 1
            if depth == 0:
                break
        return self.text[begin:self.at]

    def _quoted(self):
        begin = self.at
        if dollar := _DOLLAR_QUOTE.match(self.text, begin):
            end = self.text.find(dollar.group(), dollar.end())
            self.at = len(self.text) if end < 0 else end + len(dollar.group())
            return self.text[begin:self.at]
        quote = self.text[begin]
        if quote not in "'\"":
            return None
        is_marked = re.search(r"(?:^|[^A-Za-z0-9_$])[eE]$", self.text[max(0, begin - 2):begin]) is not None
        escapes = quote == "'" and (is_marked or self.has_escapes)
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if escapes and char == "\\":
                self.at += 2
                continue
            self.at += 1
            if char == quote:
                break
        return self.text[begin:self.at]

    def _variable(self):
        if self.text[self.at] != ":" or self.text.startswith("::", self.at):
            if self.text.startswith("::", self.at):
                self.at += 2
                return "::"
            return None
        found = _VARIABLE.match(self.text, self.at)
        name = next(filter(None, found.groups()), None) if found else None
        if name not in self.variables:
            return None
        self.at = found.end()
        value = self.variables[name]
        if found.group(1):
            return "'" + value.replace("'", "''") + "'"
        return '"' + value.replace('"', '""') + '"' if found.group(2) else value

    def _meta(self, out, line):
        found = _META.match(self.text, self.at)
        if found is None:  # a lone backslash
            self.at += 1
            return _GO_ON
        command, argument = found.groups()
        if command == ";":
            self.at += 2
            out.append(_JOINT)
            return _GO_ON
        self.at = found.end()
        if out and command in ("g", "gx", "gset", "gexec", "gdesc", "crosstabview", "bind", "watch"):
            return Statement("".join(out), line or 0, command, argument.strip(), _JOINT in out)
        if command in ("if", "elif", "else", "endif"):
            self._branch(command, argument)
        elif not any(self.is_skipping):
            return self._run_meta(command, self._words_of(argument))
        return None if not out else _GO_ON

    def _branch(self, command, argument):
        if command == "if":
            value = "".join(self._words_of(argument)).lower()
            self.is_skipping.append(value not in ("true", "t", "on", "yes", "1"))
        elif command == "endif" and self.is_skipping:
            self.is_skipping.pop()
        elif self.is_skipping:
            self.is_skipping[-1] = not self.is_skipping[-1]

    def _run_meta(self, command, words):
        if command == "set" and words:
            self.variables[words[0]] = "".join(words[1:])
        elif command == "getenv" and len(words) == 2:
            if words[1] in os.environ:
                self.variables[words[0]] = os.environ[words[1]]
        elif command in ("c", "connect"):
            names = ["" if word == "-" else word for word in words] + ["", ""]
            return Connect(names[0], names[1])
        return None

    def _words_of(self, argument):
        words = []
        for part in re.findall(r"(?:'(?:[^']|'')*'|\"[^\"]*\"|:'\w+'|[^\s'\"])+", argument):
            part = _VARIABLE.sub(lambda m: self.variables.get(next(filter(None, m.groups())), m.group()), part)
            words.append(part.replace("'", "").replace('"', ""))
        return words


_GO_ON = object()
_JOINT = ";"


def _body_depth(words, depth):
    """How a word changes the depth of BEGIN ATOMIC ... END, within which a semicolon ends nothing."""
    if words[0] != "create" or not {"function", "procedure"} & set(words[1:5]):
        return 0
    if words[-1] == "atomic" and words[-2:-1] == ["begin"]:
        return 1
    if depth > 0 and words[-1] == "case":
        return 1
    return -1 if depth > 0 and words[-1] == "end" else 0
