import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.MessageProperties;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.IntConsumer;

/** amqp-client: a topic is a durable classic queue, messages are persistent, publisher confirms; consumers with a prefetch of 500 that acknowledge every 100. */
public class RabbitMq implements Load.Client {
  private Connection connection;

  public void open(String address) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri("amqp://" + address);
    connection = factory.newConnection();
  }

  public void create(List<String> topics, int queues) throws Exception {
    try (Channel channel = connection.createChannel()) {
      for (String t : topics) channel.queueDeclare(t, true, false, false, null);
    }
  }

  public Load.Sender sender(List<String> topics) throws Exception {
    Channel channel = connection.createChannel();
    channel.confirmSelect();
    ConcurrentSkipListMap<Long, Load.Done> open = new ConcurrentSkipListMap<>();
    channel.addConfirmListener((tag, many) -> confirm(open, tag, many, null), (tag, many) -> confirm(open, tag, many, new IOException("basic.nack")));
    return (topic, body, done) -> {
      open.put(channel.getNextPublishSeqNo(), done);
      channel.basicPublish("", topic, MessageProperties.PERSISTENT_BASIC, body);
    };
  }

  private static void confirm(ConcurrentSkipListMap<Long, Load.Done> open, long tag, boolean many, Throwable failure) {
    if (!many) {
      open.remove(tag).done(failure);
      return;
    }
    var confirmed = open.headMap(tag, true);
    confirmed.values().forEach(d -> d.done(failure));
    confirmed.clear();
  }

  public void consume(List<String> topics, IntConsumer received) throws Exception {
    for (String t : topics) {
      Channel channel = connection.createChannel();
      channel.basicQos(500);
      channel.basicConsume(t, false, new DefaultConsumer(channel) {
        private int count;

        @Override
        public void handleDelivery(String consumer, Envelope envelope, AMQP.BasicProperties properties, byte[] body) throws IOException {
          received.accept(1);
          if (++count % 100 == 0) channel.basicAck(envelope.getDeliveryTag(), true);
        }
      });
    }
  }
}
