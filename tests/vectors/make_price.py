"""make_price.py > price.json: what the next slot costs, by exact integer arithmetic. The server's tests and those of
the web pages read the same file, so that both agree to the satoshi."""
import json
import random
from fractions import Fraction
from math import ceil

PRICE_MAX = 2_100_000_000_000_000 // 4


def vector(floor, last, now_ms):
    if last is None or now_ms >= last["ends_at_ms"]:
        price, starts = floor, now_ms
    else:
        at = max(now_ms, last["bought_at_ms"])
        fall = Fraction(last["ends_at_ms"] - at, last["ends_at_ms"] - last["bought_at_ms"])
        price, starts = floor + ceil((2 * last["price_sat"] - floor) * fall), last["ends_at_ms"]
    return {"floor_sat": floor, "last_sale": last, "now_ms": now_ms, "price_sat": price, "starts_at_ms": starts}


def sale(price, bought, starts, length):
    return {"price_sat": price, "bought_at_ms": bought, "starts_at_ms": starts, "ends_at_ms": starts + length}


def vectors():
    day = 24 * 3600 * 1000
    # The protocol's example: a floor of 100,000, three sales in a row.
    first = sale(100_000, 1390319630_000, 1390319630_000, day)
    second = sale(197_917, 1390321430_000, first["ends_at_ms"], day)
    third = sale(356_909, 1390343930_000, second["ends_at_ms"], day)
    yield vector(100_000, None, first["bought_at_ms"])
    yield vector(100_000, first, second["bought_at_ms"])
    yield vector(100_000, second, third["bought_at_ms"])
    for last in (first, second, third):
        ends = last["ends_at_ms"]
        for now in (0, last["bought_at_ms"] - 1, last["bought_at_ms"], last["bought_at_ms"] + 1, ends - 1, ends, ends + 1):
            yield vector(100_000, last, now)
    # The limits.
    longest = 31 * day
    for floor, price in ((1, 1), (1, PRICE_MAX), (PRICE_MAX, PRICE_MAX), (PRICE_MAX - 1, PRICE_MAX)):
        last = sale(price, 1390319630_000, 1390319630_000 + 59 * longest, longest)
        for part in (0, 1, 2, 3):
            yield vector(floor, last, last["bought_at_ms"] + (60 * longest - 1) * part // 3)
    chance = random.Random(2)
    for _ in range(400):
        floor = int(10 ** chance.uniform(0, 14))
        price = min(PRICE_MAX, floor + int(10 ** chance.uniform(0, 14)))
        bought = 1_700_000_000_000 + chance.randrange(10**11)
        length = chance.randrange(60_000, longest)
        last = sale(price, bought, bought + chance.randrange(0, 3) * chance.randrange(1, longest), length)
        yield vector(floor, last, bought + chance.randrange(last["ends_at_ms"] - bought + 1))


rows = list(vectors())
assert [row["price_sat"] for row in rows[:3]] == [100_000, 197_917, 356_909]
print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
