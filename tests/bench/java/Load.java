import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * The same load through the Java clients of several products; tests/bench/others starts it.
 *
 * java Load CLIENT ADDRESS create  PREFIX TOPICS QUEUES
 * java Load CLIENT ADDRESS produce PREFIX TOPICS BODY WINDOW WARM_S SECONDS|-COUNT RATE   (a count includes what the warm-up sent; rate 0: as fast as the window lets)
 * java Load CLIENT ADDRESS consume PREFIX TOPICS COUNT                                    (ends when so many have come)
 *
 * CLIENT is a class that implements Load.Client. Prints one JSON object a second: seconds since the end of the warm-up, all messages done since the
 * start, failed ones, p50 and p99 of that second in microseconds, for a rate from the moment when the message was due. The first has "measuring", the last "end".
 */
public class Load {
  interface Client {
    void open(String address) throws Exception;
    void create(List<String> topics, int queues) throws Exception;
    /** Of one thread, which will send to these. */
    Sender sender(List<String> topics) throws Exception;
    /** Calls received with the size of each batch, from any thread, until the process ends. */
    void consume(List<String> topics, java.util.function.IntConsumer received) throws Exception;
  }

  interface Sender {
    void send(String topic, byte[] body, Done done) throws Exception;
  }

  interface Done {
    void done(Throwable failure);
  }

  /** Microseconds in buckets 1 % wide. */
  static final class Times {
    private final AtomicLongArray buckets = new AtomicLongArray(2400);

    void add(long us) {
      buckets.incrementAndGet(Math.min(2399, (int) (Math.log(Math.max(1, us)) * 100)));
    }

    /** The values of these parts of all; forgets everything. */
    long[] take(double... parts) {
      long[] counts = new long[buckets.length()];
      long all = 0;
      for (int i = 0; i < counts.length; i++) all += counts[i] = buckets.getAndSet(i, 0);
      long[] values = new long[parts.length];
      for (int k = 0; k < parts.length; k++) {
        long left = (long) Math.ceil(all * parts[k]);
        int i = 0;
        while (i < counts.length - 1 && (left -= counts[i]) > 0) i++;
        values[k] = all == 0 ? 0 : Math.round(Math.exp((i + 0.5) / 100));
      }
      return values;
    }
  }

  static final AtomicLong finished = new AtomicLong(), failed = new AtomicLong();
  static final Times times = new Times();
  static volatile boolean stop;
  static volatile Throwable failure;

  static void say(String event, double seconds) {
    long[] q = times.take(0.5, 0.99);
    System.out.printf("{\"event\": \"%s\", \"seconds\": %.3f, \"done\": %d, \"failed\": %d, \"p50_us\": %d, \"p99_us\": %d}%n", event, seconds, finished.get(), failed.get(), q[0], q[1]);
    System.out.flush();
  }

  static List<String> names(String prefix, int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) names.add(prefix + "-" + i);
    return names;
  }

  /** Thread number `part` of `parts` sends to every topic in turn, from another one on than its neighbours. */
  static void send(Client client, List<String> topics, int body, Semaphore window, double rate, int part, int parts) {
    try {
      Sender sender = client.sender(topics);
      byte[] bytes = new byte[body];
      new java.util.Random(part).nextBytes(bytes);
      long began = System.nanoTime();
      for (long i = 0; !stop; i++) {
        long due = rate > 0 ? began + (long) (i * 1e9 * parts / rate) : 0;
        while (due > System.nanoTime()) LockSupport.parkNanos(due - System.nanoTime());
        window.acquire();
        long start = due > 0 ? due : System.nanoTime();
        sender.send(topics.get((int) ((i + (long) part * topics.size() / parts) % topics.size())), bytes, error -> {
          times.add((System.nanoTime() - start) / 1000);
          window.release();
          if (error == null) {
            finished.incrementAndGet();
          } else {
            failure = error;
            failed.incrementAndGet();
          }
        });
      }
    } catch (Throwable e) {
      failure = e;
      failed.incrementAndGet();
      stop = true;
    }
  }

  /** Until `seconds` after the warm-up, or until `count` are done. The warm-up begins when `first` are done: that each topic is known to the client. */
  static void watch(long first, double warm, double seconds, long count) throws Exception {
    while (!stop && finished.get() < first) Thread.sleep(5);
    long began = System.nanoTime();
    while (!stop && (System.nanoTime() - began) / 1e9 < warm) Thread.sleep(5);
    long measured = System.nanoTime();
    say("measuring", 0);
    for (int second = 1; !stop; ) {
      Thread.sleep(5);
      double now = (System.nanoTime() - measured) / 1e9;
      if (now >= seconds || finished.get() + failed.get() >= count) break;
      if (now >= second) {
        say("second", now);
        second++;
      }
    }
    stop = true;
    say("end", (System.nanoTime() - measured) / 1e9);
  }

  public static void main(String[] words) throws Exception {
    Client client = (Client) Class.forName(words[0]).getDeclaredConstructor().newInstance();
    client.open(words[1]);
    List<String> topics = names(words[3], Integer.parseInt(words[4]));
    switch (words[2]) {
      case "create" -> client.create(topics, Integer.parseInt(words[5]));
      case "produce" -> {
        Semaphore window = new Semaphore(Integer.parseInt(words[6]));
        double limit = Double.parseDouble(words[8]);
        int parts = 2;
        for (int part = 0; part < parts; part++) {
          int mine = part;
          Thread t = new Thread(() -> send(client, topics, Integer.parseInt(words[5]), window, Double.parseDouble(words[9]), mine, parts));
          t.setDaemon(true);
          t.start();
        }
        watch(2L * topics.size(), Double.parseDouble(words[7]), limit > 0 ? limit : 1e9, limit > 0 ? Long.MAX_VALUE : (long) -limit);
        Thread.sleep(300);   // answers to what is on its way
      }
      case "consume" -> {
        client.consume(topics, finished::addAndGet);
        watch(0, 0, 1e9, Long.parseLong(words[5]));
      }
      default -> throw new IllegalArgumentException(words[2]);
    }
    if (failure != null) failure.printStackTrace();
    Runtime.getRuntime().halt(failed.get() > 0 ? 1 : 0);   // clients take seconds to close
  }
}
