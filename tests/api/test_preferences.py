"""What a user keeps: written, read, conditional, checked against the catalog, told what became of it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.preference_keeper import TRIES, PreferenceKeeper
from app.preferences import LISTS, MAX_BYTES
from app.store.protocol import StoreError, StoreHealth
from app.web.user_paths import user_id_flaw
from tests.api.catalog import BATCH, CATALOG, FREE, LATEST, PLAIN, SMALL, UNKNOWN, VISION, VISION_SLUG
from tests.api.service import LOOPBACK, Service, SteeredClock, assert_problem, client_of, serving, settings_for
from tests.simulator import Simulator

pytestmark = pytest.mark.anyio
EMPTY: dict[str, Any] = {
    "selected": None,
    "favourites": [],
    "recents": [],
    "hidden": [],
    "updated_at": None,
    "models": {},
}
ADA = "/users/ada/preferences"
PATCH = "application/merge-patch+json"


async def put(service: Service, document: Any, path: str = ADA, **headers: str) -> httpx.Response:
    body = json.dumps(document)
    return await service.client.put(path, content=body, headers={"Content-Type": "application/json", **sent(headers)})


async def patch(service: Service, document: Any, path: str = ADA, **headers: str) -> httpx.Response:
    body = json.dumps(document)
    return await service.client.patch(path, content=body, headers={"Content-Type": PATCH, **sent(headers)})


def sent(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def kept(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_a_user_who_stored_nothing_has_an_empty_document(fresh: Service) -> None:
    assert await fresh.read(ADA) == {"user": "ada", **EMPTY}


async def test_what_was_put_is_read_as_it_was_written(fresh: Service) -> None:
    written = {"selected": "anvil-1", "favourites": [FREE, PLAIN], "recents": [VISION_SLUG], "hidden": [SMALL]}
    answer = kept(await put(fresh, written))
    assert {name: answer[name] for name in written} == written
    assert answer["updated_at"].endswith("Z")
    assert await fresh.read(ADA) == answer
    assert answer["models"]["anvil-1"] == {
        "id": PLAIN,
        "name": "Acme: Anvil 1",
        "state": "active",
        "successor": None,
        "why": None,
        "message": None,
    }
    assert answer["models"][VISION_SLUG]["id"] == VISION
    assert answer["models"][VISION_SLUG]["state"] == "deprecated"
    assert await fresh.read("/users/bob/preferences") == {"user": "bob", **EMPTY}


async def test_put_replaces_everything_and_patch_only_what_it_names(fresh: Service) -> None:
    await put(fresh, {"selected": PLAIN, "favourites": [PLAIN, FREE], "recents": [SMALL]})
    patched = kept(await patch(fresh, {"favourites": [VISION], "recents": None}))
    assert (patched["selected"], patched["favourites"], patched["recents"]) == (PLAIN, [VISION], [])
    cleared = kept(await patch(fresh, {"selected": None}))
    assert (cleared["selected"], cleared["favourites"]) == (None, [VISION])
    replaced = kept(await put(fresh, {"selected": SMALL}))
    assert (replaced["selected"], replaced["favourites"]) == (SMALL, [])
    assert set(replaced["models"]) == {SMALL}


async def test_a_patch_may_come_as_plain_json(fresh: Service) -> None:
    answer = await fresh.client.patch(ADA, json={"selected": PLAIN})
    assert kept(answer)["selected"] == PLAIN


async def test_an_answer_is_not_many_times_the_question(service: Service) -> None:
    refused = await put(service, {f"m{number}": 1 for number in range(2_000)})
    assert refused.status_code == 422
    assert len(refused.json()["faults"]) == 20
    refused = await put(service, {"favourites": [0] * 100, "hidden": [0] * 200})
    assert len(refused.json()["faults"]) == 20
    refused = await service.client.get(f"{ADA}?{'&'.join('a' * 3_000)}")
    assert refused.status_code == 422
    assert len(refused.content) < 8_000


@pytest.mark.parametrize(
    ("document", "more"),
    [
        ({"hidden": [f"acme/nobody-{number}" for number in range(30)]}, 25),
        ({f"member-{number}": 1 for number in range(30)}, 10),
        ({"recents": [0] * 30}, 10),
        ({"recents": [0] * 20}, 0),
    ],
)
async def test_how_many_more_faults_there_are_is_told(service: Service, document: Any, more: int) -> None:
    problem = assert_problem(await put(service, document), 422, "preferences")
    assert problem["more_faults"] == more
    assert problem["detail"].endswith(f"; and {more} more") is bool(more)


async def test_one_model_stands_in_a_list_once(fresh: Service) -> None:
    answer = kept(await put(fresh, {"recents": ["anvil-1", PLAIN, FREE, "openrouter/acme/anvil-1"]}))
    assert answer["recents"] == ["anvil-1", FREE]


async def test_delete_forgets_and_may_be_repeated(fresh: Service) -> None:
    await put(fresh, {"selected": PLAIN})
    for _ in range(2):
        answer = await fresh.client.delete(ADA)
        assert answer.status_code == 204
        assert answer.content == b""
    assert await fresh.read(ADA) == {"user": "ada", **EMPTY}


async def test_choices_survive_a_restart_and_lie_apart_from_the_catalog(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        await put(service, {"selected": PLAIN})
    (tmp_path / "registry.sqlite3").unlink()
    async with serving(tmp_path) as service:
        assert (await service.read(ADA))["selected"] == PLAIN


@pytest.mark.parametrize("user", ["a", "x" * 128, "A.b_c~d-9", "%61da", "...", ".a", "..a", "a.."])
async def test_a_user_id_is_opaque(service: Service, user: str) -> None:
    answer = kept(await put(service, {"selected": PLAIN}, f"/users/{user}/preferences"))
    assert answer["user"] == user.replace("%61", "a")


@pytest.mark.parametrize(
    ("user", "flaw"),
    [
        ("", "'' is empty;"),
        ("%2E", "'.' is taken out of a path by every client;"),
        ("%2e%2E", "'..' is taken out of a path by every client;"),
        ("x" * 129, f"'{'x' * 40}' has 129 characters, at most 128 are taken;"),
        ("a%2Fb", "'a/b' has '/' as its character 2;"),
        ("a%20b", "'a b' has U+0020 as its character 2;"),
        ("a%09b", "'a b' has U+0009 as its character 2;"),
        ("%C3%A4", "'ä' has U+00E4 as its character 1;"),
        ("a@b", "'a@b' has '@' as its character 2;"),
        ("%FF", "has U+FFFD as its character 1;"),
        ("a%00", "has U+0000 as its character 2;"),
    ],
)
async def test_what_can_not_be_a_user_id_is_refused_with_its_flaw(service: Service, user: str, flaw: str) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        headers = {"Content-Type": "application/json"} if method.startswith("P") else {}
        answer = await service.client.request(method, f"/users/{user}/preferences", headers=headers)
        assert answer.status_code == 422, (method, answer.text)
        problem = answer.json()
        assert problem["type"].endswith(":user-id")
        assert flaw in problem["detail"]
        assert "use 1 to 128 of A-Z a-z 0-9 . _ ~ -, but not . or .. alone" in problem["detail"]


async def test_the_reference_takes_the_same_users_as_the_service(service: Service) -> None:
    document = (await service.get("/openapi.json")).json()
    for method in ("get", "put", "patch", "delete"):
        [parameter] = document["paths"]["/users/{user_id}/preferences"][method]["parameters"][:1]
        pattern, most = (parameter["schema"][word] for word in ("pattern", "maxLength"))
        for user in ("...", "....", ".a", "..a", "a..", "a.b", "x" * 128):
            assert re.search(pattern, user), user
            assert len(user) <= most
            assert user_id_flaw(user) is None, user
        for user in ("", ".", "..", "a b", "ä", "a/b", "x" * 129):
            assert not (re.search(pattern, user) and len(user) <= most), user
            assert user_id_flaw(user), user


REFUSED: list[tuple[Any, str]] = [
    ([], "document"),
    ("text", "document"),
    (None, "document"),
    ({"selected": 7}, "selected"),
    ({"selected": ""}, "selected"),
    ({"selected": "x" * 201}, "selected"),
    ({"favourites": PLAIN}, "favourites"),
    ({"favourites": {"0": PLAIN}}, "favourites"),
    ({"favourites": [PLAIN, None]}, "favourites[1]"),
    ({"recents": [PLAIN] * (LISTS["recents"] + 1)}, "recents"),
    ({"theme": "dark"}, "theme"),
    ({"models": {}}, "models"),
    ({"user": "ada"}, "user"),
    ({"selected": UNKNOWN}, "selected"),
    ({"hidden": [PLAIN, UNKNOWN]}, "hidden[1]"),
]


@pytest.mark.parametrize(("document", "member"), REFUSED)
async def test_what_can_not_be_kept_is_named_and_changes_nothing(service: Service, document: Any, member: str) -> None:
    await put(service, {"selected": FREE})
    before = await service.read(ADA)
    for answer in (await put(service, document), await patch(service, document)):
        problem = assert_problem(answer, 422, "preferences")
        assert [fault["member"] for fault in problem["faults"]] == [member]
        assert member in problem["detail"]
    assert await service.read(ADA) == before


async def test_only_a_patch_empties_a_list_with_null(service: Service) -> None:
    assert_problem(await put(service, {"favourites": None}), 422, "preferences")
    assert kept(await patch(service, {"favourites": None}))["favourites"] == []


async def test_an_id_that_nobody_knows_is_named_with_what_was_meant(service: Service) -> None:
    problem = assert_problem(await put(service, {"selected": "acme/rokcet-2.5"}), 422, "preferences")
    assert problem["faults"][0]["suggestions"][0] == VISION
    assert f"did you mean {VISION}?" in problem["detail"]


async def test_bodies_of_another_type_size_or_make_are_refused(service: Service) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await service.client.put(ADA, content=b"{}", headers={"Content-Type": content_type})
        assert_problem(answer, 415, "media-type")
        assert PATCH in answer.headers["Accept-Patch"]
    assert_problem(await service.client.put(ADA, content=b"{}", headers={"Content-Type": PATCH}), 415, "media-type")
    for body in (b"", b"{", b"\xff", b'{"selected": NaN}'):
        answer = await service.client.put(ADA, content=body, headers={"Content-Type": "application/json"})
        assert_problem(answer, 400, "not-json")
    padded = b'{"selected": null}' + b" " * MAX_BYTES
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert_problem(await service.client.put(ADA, content=padded, headers=headers), 413, "body-too-large")
    assert kept(await service.client.put(ADA, content=padded[:MAX_BYTES], headers=headers))["selected"] is None


def scope_of(app: FastAPI) -> dict[str, Any]:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100"), (b"host", b"127.0.0.1")]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": ADA,
        "raw_path": ADA.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": LOOPBACK,
        "server": ("127.0.0.1", 8_000),
        "app": app,
    }


async def test_a_caller_who_leaves_in_the_middle_of_a_body_is_no_defect(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    coming = iter(({"type": "http.request", "body": b'{"sel', "more_body": True}, {"type": "http.disconnect"}))
    told: list[Any] = []

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        told.append(message)

    await service.app(scope_of(service.app), receive, send)
    assert told[0]["status"] == 400
    assert "broke down" not in capsys.readouterr().out


async def test_a_body_that_never_comes_is_not_waited_for_for_ever(fresh: Service) -> None:
    told: list[Any] = []

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        told.append(message)

    fresh.app.state.serving.body_seconds = 0.05
    with anyio.fail_after(5):
        await fresh.app(scope_of(fresh.app), receive, send)
    assert told[0]["status"] == 408


async def test_a_document_that_grows_too_large_is_refused_whole(tmp_path: Path) -> None:
    long_ids = [f"acme/{number:03}-{'x' * 190}" for number in range(200)]
    catalog = [*CATALOG, *({**CATALOG[0], "id": model_id, "canonical_slug": model_id} for model_id in long_ids)]
    async with serving(tmp_path, catalog=catalog) as service:
        assert (await patch(service, {"hidden": long_ids[:150]})).status_code == 200
        answer = await patch(service, {"favourites": long_ids[:90]})
        assert_problem(answer, 413, "preferences-too-large")
        assert (await service.read(ADA))["favourites"] == []


async def test_no_query_word_is_known_here(service: Service) -> None:
    assert_problem(await service.get(f"{ADA}?fields=selected"), 422, "query")


async def test_other_paths_and_methods_are_told_apart(service: Service) -> None:
    assert_problem(await service.get("/users/ada"), 404, "unknown-path")
    assert_problem(await service.get("/users/ada/preferences/selected"), 404, "unknown-path")
    answer = await service.client.post(ADA)
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PATCH, PUT"


async def test_a_read_is_conditional_and_kept_by_nobody_else(fresh: Service) -> None:
    await put(fresh, {"selected": PLAIN})
    first = await fresh.get(ADA)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = await fresh.get(ADA, if_none_match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    head = await fresh.client.head(ADA)
    assert (head.headers["ETag"], head.content) == (first.headers["ETag"], b"")
    changed = await patch(fresh, {"recents": [FREE]})
    assert changed.headers["Cache-Control"] == "private, no-cache"
    assert changed.headers["ETag"] != first.headers["ETag"]
    newer = await fresh.get(ADA, if_none_match=first.headers["ETag"])
    assert (newer.status_code, newer.headers["ETag"]) == (200, changed.headers["ETag"])


async def test_who_cares_who_wrote_last_says_so(fresh: Service) -> None:
    absent = (await fresh.get(ADA)).headers["ETag"]
    assert_problem(await put(fresh, {}, if_match="*"), 412, "precondition")
    assert (await put(fresh, {"selected": PLAIN}, if_none_match="*")).status_code == 200
    refused = await put(fresh, {"selected": FREE}, if_none_match="*")
    assert_problem(refused, 412, "precondition")
    assert_problem(await patch(fresh, {"selected": FREE}, if_match=absent), 412, "precondition")
    current = (await fresh.get(ADA)).headers["ETag"]
    assert refused.headers["ETag"] == current
    assert_problem(await patch(fresh, {"selected": FREE}, if_match=f"W/{current}"), 412, "precondition")
    assert_problem(await patch(fresh, {"selected": FREE}, if_none_match=current), 412, "precondition")
    assert (await patch(fresh, {"selected": FREE}, if_match=f'"other", {current}')).status_code == 200
    assert_problem(await fresh.client.delete(ADA, headers={"If-Match": current}), 412, "precondition")
    assert (await fresh.read(ADA))["selected"] == FREE
    assert (await fresh.client.delete(ADA, headers={"If-Match": "*"})).status_code == 204
    assert (await put(fresh, {"selected": PLAIN}, if_match=absent)).status_code == 200


async def test_what_can_not_be_kept_is_said_before_any_condition(service: Service) -> None:
    assert_problem(await put(service, {"selected": UNKNOWN}, if_match='"other"'), 422, "preferences")
    assert_problem(await put(service, {"selected": PLAIN}, if_match='"other"'), 412, "precondition")


async def test_writers_at_once_lose_nothing_that_the_others_wrote(fresh: Service) -> None:
    """Each names another member, so each must stand there in the end."""
    changes: list[dict[str, Any]] = [{"selected": PLAIN}, *({name: [FREE]} for name in LISTS)]
    for _ in range(5):
        await fresh.client.delete(ADA)
        async with anyio.create_task_group() as tasks:
            for change in changes:
                tasks.start_soon(patch, fresh, change)
        answer = await fresh.read(ADA)
        assert (answer["selected"], *(answer[name] for name in LISTS)) == (PLAIN, [FREE], [FREE], [FREE])


async def test_of_writers_with_one_etag_one_wins(fresh: Service) -> None:
    etag = (await fresh.get(ADA)).headers["ETag"]
    statuses: list[int] = []

    async def write(model_id: str) -> None:
        statuses.append((await put(fresh, {"selected": model_id}, if_match=etag)).status_code)

    async with anyio.create_task_group() as tasks:
        for model_id in (PLAIN, FREE, SMALL, VISION):
            tasks.start_soon(write, model_id)
    assert sorted(statuses) == [200, 412, 412, 412]


def without(*gone: str) -> list[Any]:
    return [record for record in CATALOG if record["id"] not in gone]


async def test_a_choice_that_vanished_is_answered_with_its_successor_and_stays(tmp_path: Path) -> None:
    clock = SteeredClock()
    async with serving(tmp_path, clock=clock) as service:
        await put(service, {"selected": FREE, "favourites": [SMALL, LATEST], "recents": ["rocket-2.5"]})
        before = (await service.get(ADA)).headers["ETag"]
        service.simulator.catalog = without(FREE, SMALL, LATEST)
        assert (await service.refresh()).json()["outcome"] == "updated"
        answer = await service.get(ADA)
        assert answer.headers["ETag"] != before
        document = answer.json()
        assert (document["selected"], document["favourites"]) == (FREE, [SMALL, LATEST])
        models = document["models"]
        assert (models[FREE]["state"], models[FREE]["successor"], models[FREE]["why"]) == (
            "delisted",
            PLAIN,
            "variant",
        )
        assert models[FREE]["message"].startswith(f"{FREE} is no longer listed (last seen on 20")
        assert (models[LATEST]["successor"], models[LATEST]["why"]) == (PLAIN, "alias_target")
        assert (models[SMALL]["successor"], models[SMALL]["why"]) == (None, None)
        assert "no successor is known" in models[SMALL]["message"]
        assert models["rocket-2.5"]["successor"] is None
        # Months later, nothing but the id is known of them.
        clock.advance(hours=24 * 91)
        service.simulator.catalog = [*without(FREE, SMALL, LATEST), {**CATALOG[0], "id": "acme/new-one"}]
        assert (await service.refresh()).json()["outcome"] == "updated"
        assert (await service.get(f"/models/{FREE}")).status_code == 404
        models = (await service.read(ADA))["models"]
        assert (models[FREE]["state"], models[FREE]["successor"], models[FREE]["name"]) == ("gone", PLAIN, None)
        assert models[FREE]["message"] == (
            f"{FREE} is no longer known here; {PLAIN} is the same model in another variant."
        )
        # What is kept may stay and be written again, what is new must be known.
        moved = kept(await patch(service, {"recents": [SMALL, FREE]}))
        assert moved["recents"] == [SMALL, FREE]
        assert_problem(await put(service, {"selected": FREE}, "/users/bob/preferences"), 422, "preferences")
        settled = kept(await patch(service, {"selected": models[FREE]["successor"], "recents": [], "favourites": []}))
        assert set(settled["models"]) == {PLAIN}
        assert_problem(await patch(service, {"selected": FREE}), 422, "preferences")


async def test_a_choice_that_comes_back_is_as_if_it_had_never_been_away(fresh: Service) -> None:
    await put(fresh, {"selected": BATCH})
    before = await fresh.read(ADA)
    fresh.simulator.catalog = without(BATCH)
    await fresh.refresh()
    assert (await fresh.read(ADA))["models"][BATCH]["state"] == "delisted"
    fresh.simulator.catalog = list(CATALOG)
    await fresh.refresh()
    assert await fresh.read(ADA) == before


async def test_a_choice_that_the_operator_hides_is_said_to_be_left_out_by_rules(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        await put(service, {"selected": FREE})
    async with serving(tmp_path, filter_drop_variants="free") as service:
        chosen = (await service.read(ADA))["models"][FREE]
        assert (chosen["state"], chosen["successor"]) == ("gone", PLAIN)
        assert chosen["message"].startswith(f"{FREE} is left out here by this registry's rules; ")


async def test_before_openrouter_was_read_nothing_is_said_to_be_gone(tmp_path: Path) -> None:
    async with serving(tmp_path) as service:
        await put(service, {"selected": PLAIN, "favourites": ["gpt-4o"]})
    (tmp_path / "registry.sqlite3").unlink()
    async with serving(tmp_path, guard_min_models=100_000) as service:
        assert (await service.read("/status"))["snapshot"]["origin"] == "core"
        document = await service.read(ADA)
        assert document["models"][PLAIN]["state"] == "unconfirmed"
        assert document["models"][PLAIN]["successor"] is None
        assert "can't be told before OpenRouter was read" in document["models"][PLAIN]["message"]
        assert document["models"]["gpt-4o"]["state"] == "active"
        assert kept(await patch(service, {"recents": ["gpt-4o"]}))["selected"] == PLAIN
    async with serving_alone(tmp_path) as client:
        chosen = (await client.get(ADA)).json()["models"][PLAIN]
        assert chosen["state"] == "gone", "where nothing is ever asked, nothing will be confirmed"


@asynccontextmanager
async def serving_alone(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run a service that asks nobody."""
    async with Simulator(()) as nobody:
        app = create_app(settings_for(nobody, folder, openrouter_enabled=False))
        async with app.router.lifespan_context(app), client_of(app) as client:
            yield client


class SteeredStore:
    """A PreferenceStore in memory that fails, or loses races, on request."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.error: str | None = None
        self.lost_races = 0
        self.is_closed = False

    async def read(self, user_id: str) -> bytes | None:
        self._fail("read")
        return self.documents.get(user_id)

    async def swap(self, user_id: str, known: bytes | None, new: bytes | None) -> bool:
        self._fail("write")
        if self.lost_races:
            self.lost_races -= 1
            return False
        assert self.documents.get(user_id) == known
        self.documents[user_id] = new or b""
        if new is None:
            del self.documents[user_id]
        return True

    def health(self) -> StoreHealth:
        return StoreHealth("preferences", self.error is None, "2026-01-01T00:00:00Z")

    async def close(self) -> None:
        self.is_closed = True

    def _fail(self, operation: str) -> None:
        if self.error:
            raise StoreError("preferences", operation, self.error)


async def test_a_store_that_fails_is_a_503_and_no_trouble_for_the_catalog(tmp_path: Path) -> None:
    store = SteeredStore()
    async with serving(tmp_path, preferences=store) as service:
        store.error = "the server does not answer"
        answers = [
            await service.get(ADA),
            await put(service, {"selected": PLAIN}),
            await patch(service, {"selected": PLAIN}),
            await service.client.delete(ADA),
        ]
        for answer in answers:
            problem = assert_problem(answer, 503, "preferences-away")
            assert int(answer.headers["Retry-After"]) > 0
            assert "the server does not answer" in problem["detail"]
        assert (await service.get("/models")).status_code == 200
        assert (await service.get("/readyz")).status_code == 200
        status = await service.read("/status")
        assert [(one["name"], one["state"]) for one in status["stores"]] == [
            ("sqlite", "valid"),
            ("preferences", "interrupted"),
        ]
        assert 'registry_store_up{store="preferences"} 0.0' in (await service.get("/metrics")).text
        store.error = None
        assert (await put(service, {"selected": PLAIN})).status_code == 200
    assert store.is_closed


async def test_a_store_that_is_back_is_noticed_while_nobody_asks(tmp_path: Path) -> None:
    folder = tmp_path / "held"
    async with serving(folder, store_deadline_seconds=0.2) as service:
        keeper: PreferenceKeeper = service.app.state.serving.preferences
        with closing(sqlite3.connect(folder / "preferences.sqlite3", isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            assert_problem(await put(service, {"selected": PLAIN}), 503, "preferences-away")
            await keeper.probe()
            assert not keeper.health().is_available
        await keeper.probe()
        assert keeper.health().is_available
        assert (await service.read("/status"))["status"] == "ok"


async def test_a_race_that_is_lost_is_run_again_and_not_for_ever(tmp_path: Path) -> None:
    store = SteeredStore()
    async with serving(tmp_path, preferences=store) as service:
        store.lost_races = TRIES - 1
        assert (await put(service, {"selected": PLAIN})).status_code == 200
        store.lost_races = TRIES
        assert_problem(await put(service, {"selected": FREE}), 503, "preferences-away")
        store.lost_races = 0
        assert (await service.read(ADA))["selected"] == PLAIN


async def test_what_a_later_version_wrote_is_never_replaced(tmp_path: Path) -> None:
    store = SteeredStore()
    newer = b'{"schema": 2, "chosen": {}}'
    async with serving(tmp_path, preferences=store) as service:
        store.documents["ada"] = newer
        for answer in (await service.get(ADA), await put(service, {}), await service.client.delete(ADA)):
            assert_problem(answer, 503, "preferences-away")
    assert store.documents == {"ada": newer}


DAMAGED = (
    b"x",
    b"[]",
    b"{}",
    b'{"schema": "1"}',
    b'{"schema": 1, "selected": 7, "favourites": [], "recents": [], "hidden": [], "ids": {}, "updated_at": ""}',
    b'{"schema": 1, "selected": null, "favourites": [], "recents": [], "hidden": [], "ids": [], "updated_at": ""}',
)


async def test_what_can_not_be_read_counts_as_empty_and_may_be_replaced(tmp_path: Path) -> None:
    store = SteeredStore()
    async with serving(tmp_path, preferences=store) as service:
        for damaged in DAMAGED:
            store.documents["ada"] = damaged
            assert await service.read(ADA) == {"user": "ada", **EMPTY}, damaged
            assert kept(await patch(service, {"selected": PLAIN}))["selected"] == PLAIN
            assert (await service.read(ADA))["selected"] == PLAIN


async def test_requests_are_counted_under_one_name_for_all_users(fresh: Service) -> None:
    for user in ("ada", "bob", "a b"):
        await fresh.get(f"/users/{user}/preferences")
    metrics = (await fresh.get("/metrics")).text
    told = [line for line in metrics.splitlines() if line.startswith("registry_requests_total{") and "/users" in line]
    assert told == [
        'registry_requests_total{route="/users/{user_id:path}/preferences",status="200"} 2.0',
        'registry_requests_total{route="/users/{user_id:path}/preferences",status="422"} 1.0',
    ]
