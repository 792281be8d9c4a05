"""What the load programs of RocketMQ, Kafka and RabbitMQ print about themselves, as numbers."""
import re


def _last(program, pattern, text):
    """The groups of the last match: RocketMQ's programs report the last ten seconds each time, the others close with the whole run."""
    found = list(re.finditer(pattern, text))
    if not found:
        raise ValueError(f"{program} ended without a report. It said:\n{text[-2000:]}")
    return [float(g.replace(",", "")) for g in found[-1].groups()]


def rocketmq_producer(text):
    """{tps, average_ms, max_ms, failed} of Producer, BatchProducer (tps: requests) and TransactionProducer of org.apache.rocketmq.example.benchmark."""
    tps, longest, average, failed = _last("the producer", r"Send TPS: *(\d+) \|(?: Send MPS: *\d+ \|)? Max RT\(ms\): *(\d+) \| (?:Average|AVG) RT\(ms\): *([\d.]+|NaN) \|"
                                          r"(?: Average Message RT\(ms\): *[\d.NaN]+ \|)? Send Failed: *(\d+)", text)
    return dict(tps=tps, average_ms=average, max_ms=longest, failed=int(failed))


def rocketmq_consumer(text):
    """{tps, born_ms, stored_ms, failed} of benchmark.Consumer: messages a second, ms from their birth and from the broker's store to the listener."""
    tps, born, stored, failed = _last("the consumer", r"Consume TPS: *(\d+) \| AVG\(B2C\) RT\(ms\): *([\d.]+|NaN) \| AVG\(S2C\) RT\(ms\): *([\d.]+|NaN) \|"
                                      r".*Consume Fail: *(\d+)", text)
    return dict(tps=tps, born_ms=born, stored_ms=stored, failed=int(failed))


def kafka_producer(text):
    """{tps, average_ms, p99_ms} of kafka-producer-perf-test."""
    closing = r"records sent, ([\d.]+) records/sec \([^)]*\), ([\d.]+) ms avg latency, .*, \d+ ms 95th, (\d+) ms 99th, \d+ ms 99\.9th"
    return dict(zip(("tps", "average_ms", "p99_ms"), _last("kafka-producer-perf-test", closing, text)))


def rabbitmq_producer(text):
    """{tps, median_ms, p99_ms} of RabbitMQ's PerfTest with publisher confirms."""
    rate, = _last("PerfTest", r"sending rate avg: ([\d.,]+) msg/s", text)
    middle, slow = _last("PerfTest", r"confirm latency min/median/75th/95th/99th \d+/(\d+)/\d+/\d+/(\d+) µs", text)
    return dict(tps=rate, median_ms=middle / 1000, p99_ms=slow / 1000)
