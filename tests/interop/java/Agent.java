import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyContext;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyContext;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.RPCHook;

/** The agent on rocketmq-client, any version since 4.2.0. Commands and answers: see agent.py. */
public final class Agent {
    private static final int BATCH = 10;
    private static final Map<String, Object> open = new ConcurrentHashMap<String, Object>();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            final Map<String, String> o = parse(line);
            new Thread(() -> perform(o)).start();
        }
        Runtime.getRuntime().halt(0);
    }

    /** "word key=value key=value"; blanks in a value travel as '+'. */
    private static Map<String, String> parse(String line) {
        Map<String, String> o = new HashMap<String, String>();
        for (String word : line.trim().split(" ")) {
            int at = word.indexOf('=');
            o.put(at < 0 ? "command" : word.substring(0, at), word.substring(at + 1).replace('+', ' '));
        }
        return o;
    }

    private static synchronized void say(Object... words) {
        StringBuilder text = new StringBuilder();
        for (Object w : words) {
            String s = String.valueOf(w).replaceAll("[\t\r\n]+", " ");
            text.append(text.length() == 0 ? "" : "\t").append(s);
        }
        byte[] bytes = text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }

    private static void perform(Map<String, String> o) {
        String id = o.get("id");
        try {
            switch (o.get("command")) {
                case "produce": produce(id, o); break;
                case "consume": consume(id, o); break;
                case "stop": open.remove(id); break;
                case "close": close(id); break;
                default: throw new IllegalArgumentException(o.get("command"));
            }
        } catch (Throwable t) {
            say("error", id, t);
        }
    }

    private static void close(String id) {
        Object x = open.remove(id);
        if (x instanceof DefaultMQPushConsumer) {
            ((DefaultMQPushConsumer) x).shutdown();
        }
        say("closed", id);
    }

    private static int number(Map<String, String> o, String key, int otherwise) {
        return o.containsKey(key) ? Integer.parseInt(o.get(key)) : otherwise;
    }

    private static String instance(String id) {
        return id + "x" + System.nanoTime();
    }

    /** What signs the requests, when there is a key; null otherwise. By name, as 4.2.0 has no such class. */
    private static RPCHook signer(Map<String, String> o) throws Exception {
        if (!o.containsKey("access")) {
            return null;
        }
        Class<?> credentials = Class.forName("org.apache.rocketmq.acl.common.SessionCredentials");
        Object user = credentials.getConstructor(String.class, String.class).newInstance(o.get("access"), o.get("secret"));
        return (RPCHook) Class.forName("org.apache.rocketmq.acl.common.AclClientRPCHook").getConstructor(credentials).newInstance(user);
    }

    /** A cold JVM on a busy machine needs more than 3 s for its first questions; 4.2.0 cannot be told. */
    private static void patient(ClientConfig c) throws Exception {
        try {
            ClientConfig.class.getMethod("setMqClientApiTimeout", int.class).invoke(c, 15000);
        } catch (NoSuchMethodException old) {
            // as it is
        }
    }

    private static String reason(Throwable t) {
        return t.getCause() == null ? t.toString() : t + " by " + reason(t.getCause());
    }

    // --- producing

    private static void produce(String id, Map<String, String> o) throws Exception {
        DefaultMQProducer p = new DefaultMQProducer("interop-" + id, signer(o));
        p.setNamesrvAddr(o.get("namesrv"));
        p.setInstanceName(instance(id));
        patient(p);
        p.setSendMsgTimeout(number(o, "timeout", 10000));
        p.start();
        open.put(id, p);
        send(p, id, o);
        open.remove(id);
        say("done", id);
        Thread.sleep(500);   // what was sent one-way leaves before the connection closes
        p.shutdown();
    }

    private static Message message(Map<String, String> o, int i) throws Exception {
        String[] tags = o.get("tags").split(",");
        StringBuilder body = new StringBuilder(o.get("prefix") + "-" + i + ".");
        int pad = i % 10 == 3 ? number(o, "pad", 0) : 0;   // some are long enough for the client to compress them
        while (body.length() < pad) {
            body.append('.');
        }
        Message m = new Message(o.get("topic"), tags[i % tags.length], "key" + i, body.toString().getBytes("UTF-8"));
        m.putUserProperty("n", "№" + i);
        m.setDelayTimeLevel(number(o, "delay", 0));
        return m;
    }

    private static void send(DefaultMQProducer p, String id, Map<String, String> o) throws Exception {
        int n = number(o, "n", 1);
        String mode = o.get("mode");
        CountDownLatch left = new CountDownLatch(n);
        List<Message> batch = new ArrayList<Message>();
        for (int i = 0; i < n && open.containsKey(id); i++) {
            Message m = message(o, i);
            String name = o.get("prefix") + "-" + i;
            try {
                switch (mode) {
                    case "sync": acknowledged(id, name, p.send(m)); break;
                    case "oneway": p.sendOneway(m); say("sent", id, name, "", -1, -1); break;
                    case "async": p.send(m, callback(id, name, left)); break;
                    case "order":
                        acknowledged(id, name, p.send(m, (queues, x, key) -> queues.get((Integer) key % queues.size()), i % 3));
                        break;
                    case "batch":
                        batch.add(m);
                        if (batch.size() == BATCH || i == n - 1) {
                            sendBatch(p, id, o, batch, i + 1 - batch.size());
                            batch.clear();
                        }
                        break;
                    default: throw new IllegalArgumentException(mode);
                }
            } catch (Exception e) {
                say("refused", id, name, reason(e));
            }
            Thread.sleep(number(o, "pause", 0));
        }
        if (mode.equals("async")) {
            left.await();
        }
    }

    private static void sendBatch(DefaultMQProducer p, String id, Map<String, String> o, List<Message> batch, int first)
        throws Exception {
        SendResult r = p.send(batch);
        for (int k = 0; k < batch.size(); k++) {
            say(r.getSendStatus() == SendStatus.SEND_OK ? "sent" : "refused", id, o.get("prefix") + "-" + (first + k),
                r.getMessageQueue().getBrokerName(), r.getMessageQueue().getQueueId(), r.getQueueOffset() + k);
        }
    }

    private static void acknowledged(String id, String name, SendResult r) {
        if (r.getSendStatus() == SendStatus.SEND_OK) {
            say("sent", id, name, r.getMessageQueue().getBrokerName(), r.getMessageQueue().getQueueId(), r.getQueueOffset());
        } else {
            say("refused", id, name, r.getSendStatus());
        }
    }

    private static SendCallback callback(String id, String name, CountDownLatch left) {
        return new SendCallback() {
            public void onSuccess(SendResult r) {
                acknowledged(id, name, r);
                left.countDown();
            }

            public void onException(Throwable t) {
                say("refused", id, name, reason(t));
                left.countDown();
            }
        };
    }

    // --- consuming

    private static void consume(String id, Map<String, String> o) throws Exception {
        DefaultMQPushConsumer c = new DefaultMQPushConsumer(o.get("group"), signer(o), new AllocateMessageQueueAveragely());
        c.setNamesrvAddr(o.get("namesrv"));
        c.setInstanceName(instance(id));
        patient(c);
        c.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        c.setConsumeThreadMin(4);
        c.setConsumeThreadMax(4);
        c.subscribe(o.get("topic"), o.get("filter"));
        if (o.containsKey("orderly")) {
            c.registerMessageListener(new MessageListenerOrderly() {
                public ConsumeOrderlyStatus consumeMessage(List<MessageExt> list, ConsumeOrderlyContext context) {
                    return take(id, o, list, context.getMessageQueue()) ? ConsumeOrderlyStatus.SUCCESS
                        : ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
                }
            });
        } else {
            c.registerMessageListener(new MessageListenerConcurrently() {
                public ConsumeConcurrentlyStatus consumeMessage(List<MessageExt> list, ConsumeConcurrentlyContext context) {
                    return take(id, o, list, context.getMessageQueue()) ? ConsumeConcurrentlyStatus.CONSUME_SUCCESS
                        : ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            });
        }
        open.put(id, c);
        c.start();
        say("ready", id);
    }

    private static boolean take(String id, Map<String, String> o, List<MessageExt> list, MessageQueue queue) {
        boolean well = true;
        for (MessageExt m : list) {
            String body = new String(m.getBody(), StandardCharsets.UTF_8);
            say("got", id, body.substring(0, body.indexOf('.')), queue.getBrokerName(), queue.getQueueId(), m.getQueueOffset(),
                m.getReconsumeTimes(), m.getTopic(), m.getTags(), m.getKeys(), m.getUserProperty("n"), m.getBody().length);
            well &= m.getReconsumeTimes() >= number(o, "fail", 0);
        }
        return well;
    }
}
