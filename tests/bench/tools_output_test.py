"""tools_output.py against lines as the programs print them. python3 tests/bench/tools_output_test.py"""
import unittest

import tools_output as said

PRODUCER = """topic: BenchmarkTest, threadCount: 64, messageSize: 128, keyEnable: false
Current Time: 2026-01-01 17:59:03,369 | Send TPS: 7912 | Max RT(ms): 1624 | Average RT(ms):   7.902 | Send Failed: 0 | Response Failed: 0
Current Time: 2026-01-01 17:59:11,370 | Send TPS: 10296 | Max RT(ms): 1625 | Average RT(ms):   6.216 | Send Failed: 3 | Response Failed: 0
"""
BATCH = ("Current Time: 2026-01-01 17:59:31,603 | Send TPS: 19696 | Send MPS: 315141 | Max RT(ms): 890 | Average RT(ms):   3.247 | Average Message RT(ms):   0.203 "
         "| Send Failed: 0 | Send Message Failed: 0\n")
TRANSACTION = "Current Time: 2026-01-01 17:59:51,138 | Send TPS: 14456 | Max RT(ms):    14 | AVG RT(ms): 2.2 | Send Failed: 0 | Check: 7 | UnexpectedCheck: 0 | DuplicatedCheck: 0\n"
CONSUMER = """Consumer Started.
Current Time: 2026-01-01 17:59:02,331 | Consume TPS: 0 | AVG(B2C) RT(ms):     NaN | AVG(S2C) RT(ms):     NaN | MAX(B2C) RT(ms): 0 | MAX(S2C) RT(ms): 0 | Consume Fail: 0
Current Time: 2026-01-01 17:59:11,333 | Consume TPS: 16599 | AVG(B2C) RT(ms): 2513.855 | AVG(S2C) RT(ms): 2511.087 | MAX(B2C) RT(ms): 55 | MAX(S2C) RT(ms): 49 | Consume Fail: 2
"""
KAFKA = """125000 records sent, 24995.0 records/sec (3.05 MB/sec), 90.1 ms avg latency, 500.00 ms max latency.
500000 records sent, 163292.0 records/sec (19.93 MB/sec), 121.83 ms avg latency, 546.00 ms max latency, 130 ms 50th, 279 ms 95th, 295 ms 99th, 322 ms 99.9th.
"""
RABBIT = """id: test-1, time 8.001 s, sent: 9158 msg/s, confirmed: 10296 msg/s, nacked: 0 msg/s, min/median/75th/95th/99th confirm latency: 86068/350633/425243/516227/551390 µs
id: test-1, sending rate avg: 11104 msg/s
id: test-1, receiving rate avg: 0 msg/s
id: test-1, confirm latency min/median/75th/95th/99th 8752/253748/351387/615508/1222876 µs
"""


class ToolsOutput(unittest.TestCase):
    def test_the_last_report_of_rocketmq_programs_counts(self):
        self.assertEqual(said.rocketmq_producer(PRODUCER), dict(tps=10296, average_ms=6.216, max_ms=1625, failed=3))
        self.assertEqual(said.rocketmq_producer(BATCH), dict(tps=19696, average_ms=3.247, max_ms=890, failed=0))
        self.assertEqual(said.rocketmq_producer(TRANSACTION), dict(tps=14456, average_ms=2.2, max_ms=14, failed=0))
        self.assertEqual(said.rocketmq_consumer(CONSUMER), dict(tps=16599, born_ms=2513.855, stored_ms=2511.087, failed=2))

    def test_the_closing_line_of_the_others_counts(self):
        self.assertEqual(said.kafka_producer(KAFKA), dict(tps=163292.0, average_ms=121.83, p99_ms=295))
        self.assertEqual(said.rabbitmq_producer(RABBIT), dict(tps=11104, median_ms=253.748, p99_ms=1222.876))

    def test_a_program_that_said_something_else_is_an_error_with_its_words(self):
        for parse in (said.rocketmq_producer, said.rocketmq_consumer, said.kafka_producer, said.rabbitmq_producer):
            with self.assertRaisesRegex(ValueError, "connection refused"):
                parse("connection refused\n")


if __name__ == "__main__":
    unittest.main()
