import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** kafka-clients: acks=1, else its own defaults (batches per partition of up to 16 KiB, linger.ms as the version has it). */
public class Kafka implements Load.Client {
  private final Properties common = new Properties();

  public void open(String address) {
    common.put("bootstrap.servers", address);
  }

  /** Returns when the broker knows them all; those that exist stay as they are. */
  public void create(List<String> topics, int queues) throws Exception {
    try (Admin admin = Admin.create(common)) {
      for (int i = 0; i < topics.size(); i += 32) {
        List<NewTopic> some = topics.subList(i, Math.min(topics.size(), i + 32)).stream().map(t -> new NewTopic(t, queues, (short) 1)).collect(Collectors.toList());
        for (var made : admin.createTopics(some).values().values()) {
          try {
            made.get();
          } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) throw e;
          }
        }
      }
      while (!admin.listTopics().names().get().containsAll(topics)) Thread.sleep(100);
    }
  }

  private KafkaProducer<byte[], byte[]> producer;

  public synchronized Load.Sender sender(List<String> topics) throws Exception {
    if (producer == null) {
      common.put("acks", "1");
      common.put("enable.idempotence", "false");
      producer = new KafkaProducer<>(common, new ByteArraySerializer(), new ByteArraySerializer());
      // The first send to a topic waits for its metadata: one after the other that would be the whole measurement.
      ExecutorService threads = Executors.newFixedThreadPool(64);
      for (var known : threads.invokeAll(topics.stream().map(t -> (Callable<Integer>) () -> producer.partitionsFor(t).size()).collect(Collectors.toList()))) known.get();
      threads.shutdown();
    }
    return (topic, body, done) -> producer.send(new ProducerRecord<>(topic, body), (meta, error) -> done.done(error));
  }

  public void consume(List<String> topics, IntConsumer received) {
    common.put("group.id", "drain");
    common.put("auto.offset.reset", "earliest");
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(common, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(topics);
    Thread t = new Thread(() -> {
      while (true) received.accept(consumer.poll(Duration.ofSeconds(1)).count());
    });
    t.setDaemon(true);
    t.start();
  }
}
