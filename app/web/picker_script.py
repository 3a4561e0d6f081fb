"""The picker as one script: its modules joined in the order in which they need each other.

A page loads one file and asks no second time; who reads the source has short modules that say what they take from each
other. Joining takes the `import` lines, the word `export`, the comments and the indentation away and changes nothing
else; no text of more than one line says anything by its indentation.
"""

from __future__ import annotations

import re
from importlib import resources

MODULES = (
    *("words", "nodes", "rows", "press", "kept", "preferences", "catalog", "search", "line", "notes", "place"),
    *("field", "tools", "list", "style", "details", "cost", "compare", "chart", "element"),
)
USAGE = """\
/*
 * <model-picker>: a form field that picks a model of this registry. No framework, no build step.
 *
 *   <script type="module" src="https://registry.example/picker.js"></script>
 *   <model-picker name="model" value="openai/gpt-4o"></model-picker>
 *
 * Attributes: name, value, required, disabled, label, src (the registry's address; this file's by default), user and
 * user-token (whose favourites and choice the registry keeps; a user is 1 to 128 of A-Z a-z 0-9 . _ ~ - and not . or ..
 * alone), inline (always open, for a page of its own), views (adds the chart and the comparison to a dropdown; inline
 * has them). Events: input, change.
 */
"""
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<module>[a-z]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const |class |function |async function )", re.MULTILINE)

# Comments have lines of their own, so nothing that only looks like one is touched.
_COMMENT = re.compile(r"^ *(?://|/\*\*).*\n", re.MULTILINE)
_INDENTATION = re.compile(r"^ +", re.MULTILINE)


def picker_source(module: str) -> str:
    """Return one module as it was written."""
    return (resources.files("app.web.static") / "picker" / f"{module}.js").read_text(encoding="utf-8")


def picker_script() -> bytes:
    """Return the whole picker as UTF-8 JavaScript."""
    script = "".join(_COMMENT.sub("", _EXPORT.sub("", IMPORT.sub("", picker_source(module)))) for module in MODULES)
    return (USAGE + _INDENTATION.sub("", script)).encode()
