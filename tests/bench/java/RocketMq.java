import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** rocketmq-client: asynchronous sends of one message a request, push consumer with batches of 32. Address: the NameServer's. */
public class RocketMq implements Load.Client {
  private DefaultMQProducer producer;
  private String address;

  public void open(String address) throws Exception {
    this.address = address;
    producer = new DefaultMQProducer("load");
    producer.setNamesrvAddr(address);
    producer.setSendMsgTimeout(60_000);
    producer.start();
  }

  public void create(List<String> topics, int queues) throws Exception {
    for (String t : topics) producer.createTopic("TBW102", t, queues, Map.of());
  }

  public Load.Sender sender(List<String> all) {
    return (topic, body, done) -> producer.send(new Message(topic, body), new SendCallback() {
      public void onSuccess(SendResult result) {
        done.done(result.getSendStatus() == SendStatus.SEND_OK ? null : new IllegalStateException(result.toString()));
      }

      public void onException(Throwable e) {
        done.done(e);
      }
    });
  }

  public void consume(List<String> topics, IntConsumer received) throws Exception {
    DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("drain");
    consumer.setNamesrvAddr(address);
    consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
    consumer.setPullBatchSize(32);
    consumer.setConsumeMessageBatchMaxSize(32);
    for (String t : topics) consumer.subscribe(t, "*");
    consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
      received.accept(messages.size());
      return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
    });
    consumer.start();
  }
}
