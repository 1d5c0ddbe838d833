"""Are the figures what they are said to be? Small histories by hand."""
import unittest

from figures import gaps, leader_gaps, orphans, percentile


def bought(end, attempt="a", node=0, start=None, status=201):
    return {"kind": "call", "op": "buy", "status": status, "end": end, "start": end - 0.1 if start is None else start,
            "attempt": attempt, "node": node}


def kill(at, who="node 0", **more):
    return {"kind": "kill", "who": who, "at": at, **more}


def seen(request, first, gone):
    return {"request": request, "first": first, "last": gone - 0.1, "gone": gone}


class Figures(unittest.TestCase):
    def test_gaps(self):
        longest, long_ones = gaps([bought(end) for end in (1.0, 1.5, 4.0, 4.5, 6.0)] + [bought(5.0, status=409)])
        self.assertEqual((longest, long_ones), (2.5, 4.0))
        self.assertEqual(gaps([]), (0.0, 0))

    def test_the_time_after_a_leader(self):
        records = [bought(end) for end in (1.0, 1.9, 2.1, 4.5, 4.6, 9.0)]
        self.assertEqual(leader_gaps([*records, kill(2.0, "member 1", leader=True)]), [4.5 - 2.1])
        self.assertEqual(leader_gaps([*records, kill(3.0, "member 1", leader=True)]), [4.5 - 2.1])
        self.assertEqual(leader_gaps([*records, kill(2.0, "member 1")]), [])

    def test_an_orphan_is_unsettled_from_the_kill_on(self):
        lost = bought(10.5, "a", node=0, start=9.8, status=None)
        self.assertEqual(orphans([lost, kill(10.0)], [seen("a", 9.9, 12.0)]), [2.0])
        # Seen only after it, but in hand when it was killed.
        self.assertEqual(orphans([lost, kill(10.0)], [seen("a", 10.1, 12.0)]), [2.0])
        # Acknowledged before, and killed while it was being settled.
        self.assertEqual(orphans([bought(9.95, "a", start=9.8), kill(10.0)], [seen("a", 9.9, 11.0)]), [1.0])

    def test_what_is_no_orphan(self):
        lost = bought(10.5, "a", node=0, start=9.8, status=None)
        for records, unsettled in (
                ([lost, kill(10.0, "node 1")], seen("a", 9.9, 12.0)),        # another node was killed
                ([lost, kill(10.0, "member 0")], seen("a", 9.9, 12.0)),      # a member of the store
                ([lost, kill(10.0)], seen("a", 9.2, 9.9)),                   # it was settled
                ([lost, kill(10.0)], seen("b", 9.9, 12.0)),                  # nobody knows who had it
                ([lost, bought(10.4, "a", node=1, start=9.7), kill(10.0)], seen("a", 9.9, 12.0)),  # another had it too
                ([bought(9.95, "a", start=9.8), kill(10.0)], seen("a", 10.1, 12.0))):  # it became unsettled later
            self.assertEqual(orphans(records, [unsettled]), [], (records, unsettled))

    def test_percentiles(self):
        values = [float(value) for value in range(1, 201)]
        self.assertEqual((percentile(values, 50), percentile(values, 99), percentile([7.0], 99)), (100.0, 198.0, 7.0))


if __name__ == "__main__":
    unittest.main()
