"""Uses the Streamlit example as a person does and tells what it showed; the registry's address is its argument."""

from __future__ import annotations

import json
import os
import sys

from streamlit.testing.v1 import AppTest

EXAMPLE, REGISTRY, FIRST, GONE = sys.argv[1:]
os.environ["MODEL_REGISTRY_URL"] = REGISTRY


def opened(user: str) -> AppTest:
    app = AppTest.from_file(EXAMPLE, default_timeout=30)
    app.query_params["user"] = user
    return app.run()


def shown(app: AppTest) -> dict[str, object]:
    return {
        "chosen": app.sidebar.selectbox[0].value if app.sidebar.selectbox else None,
        "options": len(app.sidebar.selectbox[0].options) if app.sidebar.selectbox else 0,
        "buttons": [button.label for button in app.sidebar.button],
        "warnings": [warning.value for warning in app.sidebar.warning],
        "errors": [error.value for error in app.error],
        "exceptions": [error.value for error in app.exception],
        "code": [code.value for code in app.code],
    }


told = {"new": shown(opened("ada"))}
app = opened("ada")
app.sidebar.selectbox[0].select(FIRST).run()
told["chosen"] = shown(app)
app.sidebar.button[0].click().run()
told["favourite"] = shown(app)
told["again"] = shown(opened("ada"))
told["other"] = shown(opened("bob"))
app = opened(GONE)
told["gone"] = shown(app)
if told["gone"]["warnings"]:
    app.sidebar.button[1].click().run()
    told["successor"] = shown(app)
os.environ["PREFERENCES_TOKEN"] = "no-token-of-this-registry-whatsoever"
told["closed"] = shown(opened("ada"))
app = opened("ada")
app.sidebar.selectbox[0].select(FIRST).run()
told["unsaved"] = shown(app)
print(json.dumps(told))
