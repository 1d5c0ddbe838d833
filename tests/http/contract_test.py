"""Holds the server's real answers against api/openapi.yaml: every operation, every documented status, every body.

A status that cannot be brought about from outside is in EXCUSED with the reason; one that is neither met nor excused
fails the test, and so does an excuse for what was met."""
import base64
import http.client
import json
import pathlib
import socket
import sys
import tempfile
import time
import uuid

from abc2_server import PATIENCE, run, serving
from openapi import Document, Mismatch
from picture import png

sys.path.append(str(pathlib.Path(__file__).parent.parent / "bitcoin"))
import regtest  # noqa: E402

HELD = "needs a store that leaves a write undecided: see the market's tests"
UNDECIDED = "needs a store that leaves a write undecided: see the tests of src/bitcoin and src/market"
EXCUSED = {
    ("makeDepositAddress", 503): UNDECIDED,
    ("withdraw", 503): UNDECIDED,
    ("withdraw", 423): UNDECIDED,
    ("cancelWithdrawal", 503): UNDECIDED,
    ("approveWithdrawal", 503): UNDECIDED,
    ("refuseWithdrawal", 503): UNDECIDED,
    ("addShard", 503): UNDECIDED,
    ("bumpPayout", 503): UNDECIDED,
    ("buySlot", 410): "the market starts a fresh attempt by itself today; a client's can end only with a later version",
    ("buySlot", 423): HELD,
    ("buySlot", 503): HELD,
    ("changePassword", 423): HELD,
    ("readyz", 503): "needs a store that does not answer",
}
PASSWORDS = {"sue": "sue's password", "ann": "ann's password", "opa": "opa's password", "oda": "oda's password"}
DOCUMENT = Document(sys.argv[2])


class Contract:
    def __init__(self, server):
        self.server = server
        self.met = set()

    def call(self, operation_id, status, *, body=None, token=None, query="", headers=None, **path):
        """Sends the request, expects the status, and holds the answer against the document."""
        method, pattern, _ = DOCUMENT.operations[operation_id]
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + token
        target = pattern.format(**path) + ("?" + query if query else "")
        got, fields, raw = self.server.request(method, target, body, headers)
        where = f"{method} {target}: {got}"
        if got != status:
            raise Mismatch(f"{where}, expected {status}: {raw[:500]}")
        return self.check(operation_id, got, fields, raw, where), fields

    def check(self, operation_id, status, fields, raw, where):
        response = DOCUMENT.response(operation_id, status)
        for name in response.get("headers", {}):
            if name.lower() not in fields:
                raise Mismatch(f"{where}: without {name}")
        if fields.get("x-content-type-options") != "nosniff":
            raise Mismatch(f"{where}: a browser may guess the type")
        schema = DOCUMENT.content_schema(response, fields.get("content-type", ""), where)
        self.met.add((operation_id, status))
        if schema is None:
            if raw:
                raise Mismatch(f"{where}: a body, where the document says none")
            return None
        if "json" not in fields["content-type"]:
            return raw
        value = json.loads(raw)
        DOCUMENT.check(value, schema, where)
        if "problem" in fields["content-type"] and value["status"] != status:
            raise Mismatch(f"{where}: the problem says {value['status']}")
        return value


def sign_up(contract, user):
    contract.call("registerAccount", 201, body={"user": user, "password": PASSWORDS[user]})
    session, _ = contract.call("logIn", 201, body={"user": user, "password": PASSWORDS[user], "label": "test"})
    return session["token"]


def check_refusals_of_strangers(contract, tokens):
    """Whatever needs a login says so, and whatever needs an operator."""
    path = {"id": "x", "seller": "sue", "c": 1, "n": 1, "user": "ann", "attempt": str(uuid.uuid4())}
    for operation_id, (_, _, operation) in DOCUMENT.operations.items():
        if not operation.get("security"):
            continue
        contract.call(operation_id, 401, **path)
        contract.call(operation_id, 401, token="ann." + "0" * 64, **path)
        if "operator" in operation["tags"]:
            problem, _ = contract.call(operation_id, 403, token=tokens["ann"], **path)
            assert problem["code"] == "forbidden", problem


def check_accounts(contract, tokens):
    call, ann = contract.call, tokens["ann"]
    credentials = {"user": "ann", "password": PASSWORDS["ann"]}
    call("registerAccount", 200, body=credentials)
    call("registerAccount", 409, body={"user": "ann", "password": "another password"})
    call("registerAccount", 400, body={"user": "No Such Name", "password": "long enough"})
    problem, _ = call("registerAccount", 400, body={"user": "x", "password": "long enough", "colour": "red"})
    assert "colour" in problem["detail"], problem
    call("logIn", 401, body={"user": "ann", "password": "wrong"})
    call("logIn", 400, body={"user": "ann"})

    second, fields = call("logIn", 201, body=credentials)
    for part in ("abc2_session=", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in fields["set-cookie"], fields["set-cookie"]
    sessions, _ = call("listSessions", 200, token=ann)
    assert [session["current"] for session in sessions["sessions"]] == [True, False], sessions
    call("endSession", 204, token=ann, id=second["id"])
    call("endSession", 404, token=ann, id=second["id"])
    call("showMe", 401, token=second["token"])
    third, _ = call("logIn", 201, body=credentials)
    call("endOtherSessions", 204, token=ann)
    call("showMe", 401, token=third["token"])
    fourth, _ = call("logIn", 201, body=credentials)
    call("logOut", 204, token=fourth["token"])
    call("showMe", 401, token=fourth["token"])

    key, _ = call("createKey", 201, token=ann, body={"label": "for tests"})
    call("showMe", 200, token=key["token"])
    call("listSessions", 403, token=key["token"])
    call("createKey", 403, token=key["token"], body={"label": "no"})
    call("changePassword", 403, token=key["token"], body={"old_password": "a", "new_password": "b"})
    keys, _ = call("listKeys", 200, token=ann)
    assert [one["label"] for one in keys["keys"]] == ["for tests"], keys
    call("createKey", 400, token=ann, body={"label": "x" * 200})
    for number in range(31):
        call("createKey", 201, token=ann, body={"label": str(number)})
    call("createKey", 422, token=ann, body={"label": "one too many"})
    call("revokeKey", 204, token=ann, id=key["id"])
    call("revokeKey", 404, token=ann, id=key["id"])
    call("showMe", 401, token=key["token"])

    call("changePassword", 401, token=ann, body={"old_password": "wrong", "new_password": "a new password"})
    call("changePassword", 400, token=ann, body={"old_password": PASSWORDS["ann"], "new_password": "x"})
    call("changePassword", 204, token=ann, body={"old_password": PASSWORDS["ann"], "new_password": "a new password"})
    PASSWORDS["ann"] = "a new password"
    call("showMe", 200, token=ann)


def check_money(contract, tokens):
    call, opa = contract.call, tokens["opa"]
    deposit = {"id": "first", "user": "ann", "amount_sat": 1_000_000}
    call("fundAccount", 201, token=opa, body=deposit)
    call("fundAccount", 200, token=opa, body=deposit)
    call("fundAccount", 409, token=opa, body=deposit | {"amount_sat": 5})
    call("fundAccount", 404, token=opa, body=deposit | {"id": "second", "user": "nobody"})
    for amount in (-1, 1.5, "1", 2_100_000_000_000_001, None):
        call("fundAccount", 400, token=opa, body=deposit | {"id": "third", "amount_sat": amount})
    call("fundAccount", 201, token=opa, body={"id": "sue-1", "user": "sue", "amount_sat": 50})
    page, _ = call("listDeposits", 200, token=opa, query="limit=1")
    assert page["next"] == "first" and page["deposits"][0]["amount_sat"] == 1_000_000, page
    page, _ = call("listDeposits", 200, token=opa, query="cursor=first")
    assert page["next"] is None and [deposit["id"] for deposit in page["deposits"]] == ["sue-1"], page
    call("listDeposits", 400, token=opa, query="cursor=%2F")
    me, _ = call("showMe", 200, token=tokens["ann"])
    assert me["balance_sat"] == 1_000_000 and not me["operator"], me
    ledger, _ = call("showLedger", 200, token=tokens["ann"], query="limit=1")
    assert [entry["amount_sat"] for entry in ledger["entries"]] == [1_000_000], ledger
    call("showLedger", 400, token=tokens["ann"], query="limit=0")
    assert call("showMe", 200, token=opa)[0]["operator"]


def check_fillers(contract, tokens):
    call, ann = contract.call, tokens["ann"]
    picture = png()
    draft = {"attempt": str(uuid.uuid4()), "link": "https://ann.example/", "hover_text": "Ann's", "category": "books",
             "image_base64": base64.b64encode(picture).decode()}
    made, fields = call("createFiller", 201, token=ann, body=draft)
    assert fields["location"] == "/api/fillers/ann/1" and made["number"] == 1, (made, fields)
    again, _ = call("createFiller", 201, token=ann, body=draft)
    assert again["number"] == 1, again
    call("createFiller", 409, token=ann, body=draft | {"link": "https://other.example/"})
    call("createFiller", 400, token=ann, body=draft | {"attempt": str(uuid.uuid4()), "image_base64": "AAAA"})
    raw, _ = call("createFiller", 201, token=ann, body=png(40, 40), headers={"Content-Type": "image/png"},
                  query="link=https%3A%2F%2Fann.example%2F&hover_text=Two+words&category=food")
    assert raw["hover_text"] == "Two words" and raw["width_px"] == 40, raw
    page, _ = call("listFillers", 200, token=ann, query="limit=1")
    assert page["more"] and page["fillers"][0]["number"] == 2, page
    call("listFillers", 400, token=ann, query="before=x")
    call("showFiller", 200, user="ann", n=1)
    call("showFiller", 404, user="ann", n=99)

    image, _ = call("uploadImage", 201, token=tokens["sue"], body=png(shade=7), headers={"Content-Type": "image/png"})
    call("uploadImage", 201, token=tokens["sue"], body={"image_base64": base64.b64encode(png(shade=9)).decode()})
    call("uploadImage", 400, token=tokens["sue"], body=b"no image", headers={"Content-Type": "image/png"})
    got, fields = call("showImage", 200, sha256=image["sha256"])
    assert got == png(shade=7) and "immutable" in fields["cache-control"], fields
    call("showImage", 304, sha256=image["sha256"], headers={"If-None-Match": fields["etag"]})
    call("showImage", 404, sha256="0" * 64)
    return image["sha256"]


def check_campaigns(contract, tokens, image):
    call, sue = contract.call, tokens["sue"]
    draft = {"attempt": str(uuid.uuid4()), "title": "Top", "about": "Rivers", "page": "https://sue.example/",
             "width_px": 300, "height_px": 250, "floor_sat": 1000, "refused_categories": ["food"]}
    made, fields = call("createCampaign", 201, token=sue, body=draft)
    assert fields["location"] == "/api/campaigns/sue/1" and made["next"]["price_sat"] == 1000, made
    assert made["slot_length_ms"] == 24 * 3600 * 1000 and made["fallback"] is None, made
    assert call("createCampaign", 201, token=sue, body=draft)[0]["number"] == 1
    call("createCampaign", 409, token=sue, body=draft | {"floor_sat": 7})
    call("createCampaign", 400, token=sue, body=draft | {"attempt": str(uuid.uuid4()), "floor_sat": 0})
    second = draft | {"attempt": str(uuid.uuid4()), "slot_length_ms": 60_000,
                      "fallback": {"image": image, "link": "https://sue.example/ours"}}
    assert call("createCampaign", 201, token=sue, body=second)[0]["fallback"]["image"] == image
    # A cookie alone is not enough if another site's page sends it.
    stolen = {"Cookie": "abc2_session=" + sue, "Origin": "https://evil.example"}
    call("createCampaign", 403, headers=stolen, body=draft | {"attempt": str(uuid.uuid4())})
    stolen = {"Cookie": "abc2_session=" + sue, "Sec-Fetch-Site": "cross-site"}
    call("createCampaign", 403, headers=stolen, body=draft | {"attempt": str(uuid.uuid4())})
    own = {"Cookie": "abc2_session=" + sue, "Origin": contract.server.url}
    assert call("createCampaign", 201, headers=own, body=draft)[0]["number"] == 1

    page, _ = call("listCampaigns", 200, query="limit=1")
    call("listCampaigns", 200, query="limit=1&cursor=" + page["next"].replace("/", "%2F"))
    call("listCampaigns", 400, query="limit=101")
    for order in ("price", "start", "popular", "new"):
        found, _ = call("listCampaigns", 200, query=f"q=RIV+to&size=300x250&sort={order}&limit=1")
        assert found["found"] == 2 and found["complete"] and len(found["campaigns"]) == 1, found
        assert found["sizes"] == [{"width_px": 300, "height_px": 250, "campaigns": 2}], found
        rest, _ = call("listCampaigns", 200, query=f"q=RIV+to&size=300x250&sort={order}&cursor={found['next']}")
        numbers = {one["number"] for one in found["campaigns"] + rest["campaigns"]}
        assert numbers == {1, 2} and rest["next"] is None, (found, rest)
    assert call("listCampaigns", 200, query="q=lakes")[0]["found"] == 0
    for query in ("sort=cheap", "size=big", "q=" + "a" * 201, "q=a&cursor=x", "sort=new&cursor=" + page["next"]):
        call("listCampaigns", 400, query=query.replace("/", "%2F"))
    assert len(call("listCampaignsOfSeller", 200, seller="sue")[0]["campaigns"]) == 2
    call("listCampaignsOfSeller", 400, seller="sue", query="before=0")
    call("listCampaignsOfSeller", 404, seller="No-One")
    call("showCampaign", 200, seller="sue", c=1)
    for number in ("3", "0", "01", "x"):
        call("showCampaign", 404, seller="sue", c=number)
    call("changeCampaign", 403, token=tokens["ann"], seller="sue", c=1, body={"title": "Mine"})
    call("changeCampaign", 400, token=sue, seller="sue", c=1, body={"floor_sat": 1})
    call("changeCampaign", 404, token=sue, seller="sue", c=9, body={"title": "x"})
    fallback = {"image": image, "link": "https://sue.example/ours", "hover_text": "Ours"}
    changed, _ = call("changeCampaign", 200, token=sue, seller="sue", c=1, body={"about": "Lakes", "fallback": fallback})
    assert changed["about"] == "Lakes" and changed["title"] == "Top" and changed["fallback"] == fallback, changed
    assert call("listCampaigns", 200, query="q=lakes")[0]["found"] == 1, "a change is found at once"
    gone, _ = call("changeCampaign", 200, token=sue, seller="sue", c=2, body={"fallback": None})
    assert gone["fallback"] is None, gone


def check_ad_without_sale(contract, image):
    call = contract.call
    ad, _ = call("adJson", 200, seller="sue", c=1)
    assert ad["reason"] == "not_sold" and ad["slot"] == 0 and ad["ad"]["image"] == "/images/" + image, ad
    assert call("adJson", 200, seller="sue", c=2)[0]["ad"] is None
    _, fields = call("adClick", 302, seller="sue", c=1)
    assert fields["location"] == "https://sue.example/ours", fields
    call("adClick", 404, seller="sue", c=2)
    call("adView", 404, seller="sue", c=1, query="slot=0")
    call("adJson", 404, seller="sue", c=9)
    call("adFrame", 404, seller="sue", c=9)


class Events:
    """A stream of live events."""

    def __init__(self, contract, target, operation_id, token=None, event="campaign"):
        self.event = event
        self.connection = http.client.HTTPConnection("127.0.0.1", contract.server.port, timeout=PATIENCE)
        self.connection.request("GET", target, headers={"Authorization": "Bearer " + token} if token else {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        assert self.answer.getheader("content-type") == "text/event-stream"
        contract.met.add((operation_id, 200))

    def next(self):
        lines = []
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line:
                lines.append(line)
            elif lines and lines[0].startswith(":"):
                lines = []
            elif lines:
                break
        assert lines[0] == "event: " + self.event and lines[1].startswith("data: ") and len(lines) == 2, lines
        data = json.loads(lines[1].removeprefix("data: "))
        if self.event == "campaign":
            DOCUMENT.check(data, DOCUMENT.root["components"]["schemas"]["Campaign"], "an event")
        return data

    def close(self):
        self.connection.close()


def check_slots(contract, tokens):
    call, ann = contract.call, tokens["ann"]
    events = Events(contract, "/api/campaigns/sue/1/events", "followCampaign")
    assert events.next()["next"]["number"] == 1
    call("followCampaign", 404, seller="sue", c=9)
    many = Events(contract, "/api/events?campaigns=sue/2,sue/1,sue/77", "followCampaigns")
    assert {many.next()["number"], many.next()["number"]} == {1, 2}
    for query in ("", "campaigns=", "campaigns=sue", "campaigns=sue/0", "campaigns=" + ",".join(["sue/1"] * 101)):
        call("followCampaigns", 400, query=query)
    place = {"seller": "sue", "c": 1, "n": 1}
    order = {"attempt": str(uuid.uuid4()), "filler": 1, "highest_price_sat": 1000}
    call("buySlot", 400, token=ann, body=order | {"attempt": "x"}, **place)
    call("buySlot", 404, token=ann, body=order | {"filler": 77}, **place)
    call("buySlot", 404, token=ann, body=order, seller="sue", c=9, n=1)
    call("buySlot", 422, token=ann, body=order | {"filler": 2}, **place)
    stolen = {"Cookie": "abc2_session=" + ann, "Origin": "https://evil.example"}
    call("buySlot", 403, headers=stolen, body=order, **place)
    problem, _ = call("buySlot", 409, token=ann, body=order | {"highest_price_sat": 999}, **place)
    assert problem["code"] == "price_above_limit" and problem["price_sat"] == 1000, problem
    problem, _ = call("buySlot", 409, token=ann, body=order, seller="sue", c=1, n=5)
    assert problem["code"] == "conflict" and problem["next"] == 1, problem
    sue_filler = {"link": "https://sue.example/", "category": "books",
                  "image_base64": base64.b64encode(png(shade=3)).decode()}
    call("createFiller", 201, token=tokens["sue"], body=sue_filler)
    problem, _ = call("buySlot", 402, token=tokens["sue"], body=order, **place)
    assert (problem["balance_sat"], problem["price_sat"]) == (50, 1000), problem

    bought, fields = call("buySlot", 201, token=ann, body=order, **place)
    assert bought["number"] == 1 and bought["price_sat"] == 1000, bought
    assert fields["location"] == "/api/campaigns/sue/1/slots/1", fields
    assert call("buySlot", 200, token=ann, body=order, **place)[0] == bought
    problem, _ = call("buySlot", 409, token=tokens["sue"], body=order, **place)
    assert problem["code"] == "slot_taken" and problem["next"] == 2, problem
    assert problem["next_href"] == "/api/campaigns/sue/1/slots/2" and 1990 <= problem["price_sat"] <= 2000, problem
    while (event := events.next())["next"]["number"] != 2:
        pass
    assert event["last_sale"]["price_sat"] == 1000 and event["last_sale"]["bought_at_ms"] == bought["bought_at_ms"], event
    while (event := many.next())["next"]["number"] != 2:
        pass
    events.close()
    many.close()
    second = {"attempt": str(uuid.uuid4()), "filler": 1, "highest_price_sat": 5000}
    call("buySlot", 201, token=ann, body=second, seller="sue", c=1, n=2)

    slot, _ = call("showSlot", 200, **place)
    assert slot["buyer"] == "ann" and slot["state"] in ("sold", "settling"), slot
    call("showSlot", 404, seller="sue", c=1, n=3)
    slots, _ = call("listSlots", 200, seller="sue", c=1, query="limit=1")
    assert slots["more"] and slots["slots"][0]["number"] == 2, slots
    call("listSlots", 404, seller="sue", c=9)
    call("listSlots", 400, seller="sue", c=1, query="limit=x")


def check_ads(contract, tokens):
    call = contract.call
    deadline = time.monotonic() + PATIENCE
    # At most some hundred milliseconds stale; both event loops have to hear of it.
    for _ in range(8):
        while call("adJson", 200, seller="sue", c=1)[0]["slot"] != 1:
            assert time.monotonic() < deadline, "the bought slot did not come on air"
    ad, fields = call("adJson", 200, seller="sue", c=1)
    assert ad["reason"] == "sold" and ad["buyer"] == "ann" and fields["access-control-allow-origin"] == "*", ad
    frame, _ = call("adFrame", 200, seller="sue", c=1)
    assert ad["ad"]["image"].encode() in frame and b"Ann&#39;s" in frame, frame
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"}
    view, _ = call("adView", 200, seller="sue", c=1, query="slot=1", headers=browser)
    assert view["counted"] and view["token"], view
    view_again, _ = call("adView", 200, seller="sue", c=1, query="slot=1", headers=browser)
    assert not view_again["counted"], view_again
    call("adView", 404, seller="sue", c=1, query="slot=2")
    call("adView", 400, seller="sue", c=1, query="slot=x")
    _, fields = call("adClick", 302, seller="sue", c=1, query="slot=1&token=" + view["token"], headers=browser)
    assert fields["location"] == "https://ann.example/", fields
    call("adClick", 302, seller="sue", c=1, query="slot=1", headers=browser)
    call("adClick", 400, seller="sue", c=1, query="slot=x")
    call("adClick", 404, seller="sue", c=1, query="slot=2")
    metrics = call("metrics", 200)[0].decode()
    for line in ('abc2_ad_views_total{outcome="counted"} 1', 'abc2_ad_clicks_total{outcome="counted"} 1',
                 'abc2_ad_clicks_total{outcome="without_view"} 1', 'abc2_purchases_total{outcome="bought"} 2',
                 'abc2_purchases_total{outcome="repeated"} 1', 'abc2_purchases_total{outcome="slot_taken"} 1',
                 'abc2_store_seconds_count{verb="add"}'):
        assert line in metrics, f"{line} is not in the metrics"
    call("metrics", 403, headers={"X-Forwarded-For": "203.0.113.7"})
    call("embedScript", 200)
    call("campaignStatistics", 200, seller="sue", c=1)
    call("campaignStatistics", 404, seller="sue", c=9)
    call("campaignStatistics", 400, seller="sue", c=1, query="from_ms=0&until_ms=9999999999999")


def check_earnings(contract, tokens):
    call, sue = contract.call, tokens["sue"]
    call("collectEarnings", 403, token=tokens["ann"], seller="sue", c=1)
    call("collectEarnings", 404, token=sue, seller="sue", c=9)
    deadline = time.monotonic() + PATIENCE
    collected = 0
    while collected < 2000:  # the second sale may still be settling
        assert time.monotonic() < deadline, "the earnings did not come"
        collected += call("collectEarnings", 200, token=sue, seller="sue", c=1)[0]["collected_sat"]
    assert call("showMe", 200, token=sue)[0]["balance_sat"] == 50 + collected


def check_operator(contract, tokens):
    call, opa = contract.call, tokens["opa"]
    call("listHolds", 200, token=opa)
    assert call("resolveHold", 200, token=opa, user="ann")[0]["hold"] is None
    call("resolveHold", 404, token=opa, user="nobody")
    assert call("recoverAll", 200, token=opa)[0] == {"not_repaired": 0}
    report, _ = call("runAudit", 200, token=opa)
    assert report["passed"] and report["slots_sold"] == 2, report
    call("lastAudit", 204, token=opa)
    call("collectFees", 200, token=opa)
    call("collectFees", 403, token=tokens["oda"])
    call("operatorMetrics", 200, token=opa)
    nodes = call("listNodes", 200, token=opa)[0]["nodes"]
    assert nodes[0]["this"] and nodes[0]["state"] == "there" and nodes[0]["name"] == socket.gethostname(), nodes
    assert not any(node["this"] for node in nodes[1:]), nodes


def check_bitcoin_off(contract, tokens):
    call, ann, opa = contract.call, tokens["ann"], tokens["opa"]
    terms, _ = call("showBitcoin", 200, token=ann)
    assert terms == {"network": None, "height": None, "deposits": None, "withdrawals": None}, terms
    attempt = str(uuid.uuid4())
    for name in ("makeDepositAddress", "followBitcoin", "listBitcoinDeposits", "listWithdrawals"):
        problem, _ = call(name, 404, token=ann)
        assert problem["detail"] == "this market takes no bitcoin", problem
    call("withdraw", 404, token=ann, attempt=attempt, body={"address": "x", "amount_sat": 1, "fee_sat": 0})
    call("cancelWithdrawal", 404, token=ann, attempt=attempt)
    call("showBitcoinState", 404, token=opa)
    call("addShard", 404, token=opa, body={"key": "x"})
    call("rescan", 404, token=opa, body={"height": 1})
    call("listAllWithdrawals", 404, token=opa)
    owed, _ = call("showOwed", 200, token=opa)
    assert owed["height"] is None and owed["owed_sat"] == sum(a["balance_sat"] + a["earnings_sat"] for a in owed["accounts"])


def until(what, probe):
    """What the probe says once it says anything."""
    deadline = time.monotonic() + PATIENCE
    while not (said := probe()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)
    return said


def check_deposits(contract, node, tokens, shard):
    call, ann, opa = contract.call, tokens["ann"], tokens["opa"]
    terms, _ = call("showBitcoin", 200, token=ann)
    assert terms["network"] == "regtest" and terms["deposits"] is None, terms
    call("makeDepositAddress", 404, token=ann)
    call("addShard", 400, token=opa, body={"key": regtest.extended_keys(b"d" * 32)[1]})
    call("addShard", 200, token=opa, body={"key": shard})
    address, _ = call("makeDepositAddress", 200, token=ann)
    assert address["uri"] == "bitcoin:" + address["address"], address
    assert call("makeDepositAddress", 200, token=ann)[0] == address
    assert call("showBitcoin", 200, token=ann)[0]["deposits"]["address"] == address["address"]
    events = Events(contract, "/api/me/bitcoin/events", "followBitcoin", ann, "bitcoin")
    height = until("the height is told", lambda: events.next()["height"])
    node.mine(1, address["address"])
    while events.next()["height"] != height + 1:
        pass
    events.close()
    deposits = lambda: call("listBitcoinDeposits", 200, token=ann)[0]["deposits"]
    seen = until("the deposit is seen", deposits)
    assert [one["state"] for one in seen] == ["confirming"] and seen[0]["needed"] == 3, seen
    node.mine(2)
    until("the deposit is credited", lambda: deposits()[0]["state"] == "credited")
    me, _ = call("showMe", 200, token=ann)
    assert me["balance_sat"] == seen[0]["amount_sat"], me
    state, _ = call("showBitcoinState", 200, token=opa)
    assert state["shards"][0]["addresses"] == 1 and state["nodes"][0]["trouble"] is None, state
    call("rescan", 400, token=opa, body={"height": 1})  # before watching began
    call("rescan", 202, token=opa, body={"height": state["chain"]["height"]})
    until("the block is there again", lambda: deposits()[0]["confirmations"] == 3)


def check_withdrawals(contract, node, tokens):
    call, ann, opa = contract.call, tokens["ann"], tokens["opa"]
    first, second, third = (str(uuid.uuid4()) for _ in range(3))
    body = {"address": regtest.SOMEWHERE, "amount_sat": 50_000, "fee_sat": 500}
    key, _ = call("createKey", 201, token=ann, body={"label": "script"})
    problem, _ = call("withdraw", 403, token=key["token"], attempt=first, body=body)
    assert "API key" in problem["detail"], problem
    call("withdraw", 400, token=ann, attempt=first, body=body | {"address": "nowhere"})
    call("withdraw", 402, token=ann, attempt=first, body=body | {"amount_sat": 10**13})
    call("withdraw", 409, token=ann, attempt=first, body=body | {"fee_sat": 499})
    waiting, _ = call("withdraw", 201, token=ann, attempt=first, body=body | {"amount_sat": 2_000_000})
    assert waiting["state"] == "waiting" and waiting["cancellable"], waiting
    call("withdraw", 200, token=ann, attempt=first, body=body | {"amount_sat": 2_000_000})
    call("withdraw", 201, token=ann, attempt=second, body=body | {"amount_sat": 1_000_000})
    call("withdraw", 201, token=ann, attempt=third, body=body | {"amount_sat": 1_000_000})
    call("cancelWithdrawal", 403, token=key["token"], attempt=first)
    call("cancelWithdrawal", 200, token=ann, attempt=first)
    call("cancelWithdrawal", 404, token=ann, attempt=str(uuid.uuid4()))
    call("refuseWithdrawal", 200, token=opa, user="ann", attempt=second)
    call("refuseWithdrawal", 404, token=opa, user="ann", attempt=str(uuid.uuid4()))
    call("approveWithdrawal", 404, token=opa, user="ann", attempt=str(uuid.uuid4()))
    call("approveWithdrawal", 409, token=opa, user="ann", attempt=second)
    call("listAllWithdrawals", 400, token=opa, query="state=some")
    assert len(call("listAllWithdrawals", 200, token=opa, query="state=waiting")[0]["withdrawals"]) == 1
    assert len(call("listAllWithdrawals", 200, token=opa, query="state=all")[0]["withdrawals"]) == 3
    call("approveWithdrawal", 200, token=opa, user="ann", attempt=third)

    wallet = until("the payer has said what it has",
                   lambda: call("showBitcoinState", 200, token=opa)[0]["wallet"])
    until("the payer lacks coins", lambda: call("listWithdrawals", 200, token=ann)[0]["withdrawals"][0]["lacks_coins"])
    node.mine(1, wallet["address"])
    node.mine(100)  # new bitcoin may be spent then
    paid = until("it is paid", lambda: [one for one in call("listWithdrawals", 200, token=ann)[0]["withdrawals"]
                                        if one["attempt"] == third and one["transaction"]])[0]
    assert paid["state"] == "signed" and not paid["cancellable"], paid
    call("cancelWithdrawal", 409, token=ann, attempt=third)
    call("refuseWithdrawal", 409, token=opa, user="ann", attempt=third)
    call("bumpPayout", 404, token=opa, n=7)
    bumped, _ = call("bumpPayout", 200, token=opa, n=1)
    assert bumped["transaction"] != paid["transaction"], bumped
    for _ in range(40):  # until the limit of the rate is reached
        status = contract.server.request("POST", "/api/operator/payouts/1/bump", None,
                                         {"Authorization": "Bearer " + opa})[0]
        if status != 200:
            break
    call("bumpPayout", 422, token=opa, n=1)
    node.mine(6)
    until("it is final", lambda: [one for one in call("listWithdrawals", 200, token=ann)[0]["withdrawals"]
                                  if one["attempt"] == third and one["state"] == "final"])
    call("bumpPayout", 409, token=opa, n=1)
    audit, _ = call("runAudit", 200, token=opa)
    assert audit["passed"] and audit["paid_out_sat"] == 1_000_500, audit


def check_bitcoin(contract):
    with tempfile.TemporaryDirectory() as folder, regtest.Node(sys.argv[3]) as node:
        shard, _ = regtest.extended_keys(b"d" * 32)
        hot = regtest.extended_keys(b"h" * 32)[1]
        terms = {"fee_sat": 500, "least_sat": 10_000, "approval_from_sat": 1_000_000}
        settings = node.settings(folder, hot_key=hot, withdrawals=terms)
        with serving("--operators", "opa", "--bitcoin", settings) as server:
            there = Contract(server)
            tokens = {user: sign_up(there, user) for user in ("ann", "opa")}
            check_deposits(there, node, tokens, shard)
            check_withdrawals(there, node, tokens)
            assert hot not in server.log() and regtest.PASSWORD not in server.log(), "a secret is in the log"
            contract.met |= there.met


def check_system(contract):
    call = contract.call
    for operation_id in ("healthz", "readyz", "version", "home"):
        call(operation_id, 200)
    with open(sys.argv[2], "rb") as file:
        assert call("openapi", 200)[0] == file.read(), "the server hands out another document"
    request = contract.server.request
    status, fields, body = request("PUT", "/api/me")
    assert status == 405 and fields["allow"] == "GET, HEAD, OPTIONS", (status, fields)
    assert json.loads(body)["code"] == "method_not_allowed", body
    assert request("OPTIONS", "/api/campaigns")[0] == 204
    assert request("GET", "/nothing/here")[0] == 404
    assert request("GET", "/api/%zz")[0] == 400
    status, fields, body = request("HEAD", "/api/version")
    assert (status, body) == (200, b"") and int(fields["content-length"]) > 10, fields


def check_rate_limits(contract):
    for operation_id in ("registerAccount", "logIn"):
        for _ in range(200):
            _, pattern, _ = DOCUMENT.operations[operation_id]
            if contract.server.request("POST", pattern, {"user": "x"})[0] == 429:
                break
        contract.call(operation_id, 429, body={"user": "x"})


def every_operation_and_status():
    slow = ["--login-every-ms", "3600000", "--registration-every-ms", "3600000", "--login-burst", "40",
            "--registration-burst", "40"]
    with serving("--operators", "opa,oda", "--log-level", "debug", *slow) as server:
        contract = Contract(server)
        tokens = {user: sign_up(contract, user) for user in PASSWORDS}
        check_refusals_of_strangers(contract, tokens)
        check_accounts(contract, tokens)
        check_money(contract, tokens)
        image = check_fillers(contract, tokens)
        check_campaigns(contract, tokens, image)
        check_ad_without_sale(contract, image)
        check_slots(contract, tokens)
        check_ads(contract, tokens)
        check_earnings(contract, tokens)
        check_operator(contract, tokens)
        check_bitcoin_off(contract, tokens)
        check_bitcoin(contract)
        check_system(contract)
        check_rate_limits(contract)
        with serving("--operators", "opa", "--audit-every-ms", "100") as other:
            last = Contract(other)
            opa = sign_up(last, "opa")
            deadline = time.monotonic() + PATIENCE
            while other.request("GET", "/api/operator/audit", None, {"Authorization": "Bearer " + opa})[0] != 200:
                assert time.monotonic() < deadline, "no audit ran in the background"
            last.call("lastAudit", 200, token=opa)
            contract.met |= last.met
        for secret in [*PASSWORDS.values(), *tokens.values(), *(token.split(".")[1] for token in tokens.values())]:
            assert secret not in server.log(), "a secret is in the log"

    documented = {(name, status) for name in DOCUMENT.operations for status in DOCUMENT.statuses(name)}
    missing = documented - contract.met - EXCUSED.keys()
    assert not missing, f"documented and never met: {sorted(missing)}"
    assert not EXCUSED.keys() & contract.met, f"excused and met: {sorted(EXCUSED.keys() & contract.met)}"
    assert EXCUSED.keys() <= documented, "an excuse for what is not documented"
    print(f"{len(documented)} documented answers, {len(EXCUSED)} of them excused")


def the_checker_sees_what_is_wrong():
    schema = {"type": "object", "additionalProperties": False, "required": ["a"],
              "properties": {"a": {"type": "integer", "minimum": 1}, "b": {"oneOf": [{"type": "null"}, {"enum": ["x"]}]}}}
    DOCUMENT.check({"a": 1, "b": None}, schema)
    for wrong in ({}, {"a": 0}, {"a": True}, {"a": "1"}, {"a": 1, "c": 2}, {"a": 1, "b": "y"}, []):
        try:
            DOCUMENT.check(wrong, schema)
        except Mismatch:
            continue
        raise AssertionError(f"{wrong} was accepted")


run(the_checker_sees_what_is_wrong, every_operation_and_status)
