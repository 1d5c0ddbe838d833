"""What a run shows of times: without sales, and of purchases whose node was killed. From the history alone, and from
what abc2_unsettled has seen."""

SEEN_LATE = 0.25  # seconds after which a hold that was there has been looked at


def sales(records):
    """When somebody was told for the first time of a purchase, in order."""
    return sorted(record["end"] for record in records
                  if record["kind"] == "call" and record["op"] == "buy" and record["status"] == 201)


def gaps(records):
    """The times in which nobody was told of a purchase: (longest, sum of those above a second)."""
    moments = sales(records)
    between = [after - before for before, after in zip(moments, moments[1:])]
    return max(between, default=0.0), sum(gap for gap in between if gap > 1)


def leader_gaps(records):
    """For each kill of etcd's leader, the longest time without a sale that it was in, or that began within a second of
    it: what had been decided before may be told a moment later."""
    moments, found = sales(records), []
    for kill in records:
        if kill["kind"] == "kill" and kill.get("leader"):
            around = [after - before for before, after in zip(moments, moments[1:])
                      if after > kill["at"] and before < kill["at"] + 1]
            if around:
                found.append(max(around))
    return sorted(found)


def orphans(records, unsettled):
    """How long purchases stayed unsettled whose node was killed, from the kill on. A purchase counts if it was unsettled
    when the node was killed that had been asked for it, and no other node had it in hand just then. What ends it is
    whoever comes first: a recoverer, the node itself when it is there again, or its buyer, who asks again."""
    kills = [record for record in records if record["kind"] == "kill" and record["who"].startswith("node ")]
    calls = {}
    for record in records:
        if record["kind"] == "call" and record["op"] == "buy":
            calls.setdefault(record["attempt"], []).append(record)
    found = []
    for one in unsettled:
        for kill in kills:
            at, node = kill["at"], int(kill["who"].split()[1])
            if not one["first"] - SEEN_LATE <= at < one["gone"]:
                continue
            if at < one["first"] and not any(call["node"] == node and call["start"] < at < call["end"]
                                             for call in calls.get(one["request"], [])):
                continue  # it was in nobody's hand then
            before = [call for call in calls.get(one["request"], []) if call["start"] < at]
            others = [call for call in before if call["node"] != node and call["end"] > one["first"] - SEEN_LATE]
            if any(call["node"] == node for call in before) and not others:
                found.append(one["gone"] - at)
                break  # by the first of several kills
    return sorted(found)


def percentile(values, percent):
    """Of sorted values, by the nearest rank."""
    return values[max(0, -(-len(values) * percent // 100) - 1)]
