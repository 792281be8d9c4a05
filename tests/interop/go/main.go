// The agent on rocketmq-client-go. Commands and answers: see agent.py.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const batchSize = 10

type options map[string]string

func (o options) number(key string, otherwise int) int {
	if n, err := strconv.Atoi(o[key]); err == nil {
		return n
	}
	return otherwise
}

var (
	lines sync.Mutex
	open  sync.Map
	white = strings.NewReplacer("\t", " ", "\r", " ", "\n", " ")
)

func say(words ...any) {
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = white.Replace(fmt.Sprint(w))
	}
	lines.Lock()
	defer lines.Unlock()
	os.Stdout.WriteString(strings.Join(text, "\t") + "\n")
}

func main() {
	rlog.SetLogLevel("warn")
	rlog.SetOutputPath(os.Getenv("AGENT_LOG"))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		go perform(parse(in.Text()))
	}
}

// parse reads "word key=value key=value"; blanks in a value travel as '+'.
func parse(line string) options {
	o := options{}
	for _, word := range strings.Fields(line) {
		if key, value, found := strings.Cut(word, "="); found {
			o[key] = strings.ReplaceAll(value, "+", " ")
		} else {
			o["command"] = word
		}
	}
	return o
}

func perform(o options) {
	id := o["id"]
	var err error
	switch o["command"] {
	case "produce":
		err = produce(id, o)
	case "consume":
		err = consume(id, o)
	case "stop":
		open.Delete(id)
	case "close":
		if c, is := open.LoadAndDelete(id); is {
			err = c.(rocketmq.PushConsumer).Shutdown()
		}
		say("closed", id)
	default:
		err = fmt.Errorf("unknown command %s", o["command"])
	}
	if err != nil {
		say("error", id, err)
	}
}

func instance(id string) string { return fmt.Sprintf("%sx%d", id, time.Now().UnixNano()) }

func nameServers(o options) primitive.NsResolver {
	return primitive.NewPassthroughResolver(strings.Split(o["namesrv"], ";"))
}

// credentials are empty without a key: then nothing is signed.
func credentials(o options) primitive.Credentials {
	return primitive.Credentials{AccessKey: o["access"], SecretKey: o["secret"]}
}

// fixed sends a message to the queue that its ShardingKey numbers, others round robin.
type fixed struct{ rest producer.QueueSelector }

func numbered(m *primitive.Message, queues []*primitive.MessageQueue) *primitive.MessageQueue {
	if n, err := strconv.Atoi(m.GetShardingKey()); err == nil {
		return queues[n%len(queues)]
	}
	return nil
}

func produce(id string, o options) error {
	p, err := rocketmq.NewProducer(producer.WithNsResolver(nameServers(o)), producer.WithGroupName("interop-"+id), producerTls,
		producer.WithInstanceName(instance(id)), producer.WithRetry(2), producer.WithCredentials(credentials(o)),
		producer.WithSendMsgTimeout(time.Duration(o.number("timeout", 10000))*time.Millisecond),
		producer.WithQueueSelector(fixed{producer.NewRoundRobinQueueSelector()}))
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	open.Store(id, p)
	sendAll(p, id, o)
	open.Delete(id)
	say("done", id)
	time.Sleep(500 * time.Millisecond) // what was sent one-way leaves before the connection closes
	return p.Shutdown()
}

func message(o options, i int) *primitive.Message {
	tags := strings.Split(o["tags"], ",")
	body := fmt.Sprintf("%s-%d.", o["prefix"], i)
	if pad := o.number("pad", 0); i%10 == 3 && pad > len(body) { // some are long enough for the client to compress them
		body += strings.Repeat(".", pad-len(body))
	}
	m := primitive.NewMessage(o["topic"], []byte(body)).WithTag(tags[i%len(tags)]).WithKeys([]string{fmt.Sprint("key", i)})
	m.WithProperty("n", fmt.Sprint("№", i))
	if level := o.number("delay", 0); level > 0 {
		m.WithDelayTimeLevel(level)
	}
	return m
}

func sendAll(p rocketmq.Producer, id string, o options) {
	ctx := context.Background()
	var left sync.WaitGroup
	var batch []*primitive.Message
	n := o.number("n", 1)
	for i := 0; i < n; i++ {
		if _, going := open.Load(id); !going {
			break
		}
		m, name := message(o, i), fmt.Sprintf("%s-%d", o["prefix"], i)
		switch o["mode"] {
		case "sync", "order":
			if o["mode"] == "order" {
				m.WithShardingKey(strconv.Itoa(i % 3))
			}
			r, err := p.SendSync(ctx, m)
			acknowledged(id, name, 0, r, err)
		case "oneway":
			if err := p.SendOneWay(ctx, m); err != nil {
				say("refused", id, name, err)
			} else {
				say("sent", id, name, "", -1, -1)
			}
		case "async":
			left.Add(1)
			err := p.SendAsync(ctx, func(_ context.Context, r *primitive.SendResult, err error) {
				acknowledged(id, name, 0, r, err)
				left.Done()
			}, m)
			if err != nil {
				say("refused", id, name, err)
				left.Done()
			}
		case "batch":
			batch = append(batch, m)
			if len(batch) == batchSize || i == n-1 {
				r, err := p.SendSync(ctx, batch...)
				for k := range batch {
					acknowledged(id, fmt.Sprintf("%s-%d", o["prefix"], i+1-len(batch)+k), k, r, err)
				}
				batch = nil
			}
		}
		time.Sleep(time.Duration(o.number("pause", 0)) * time.Millisecond)
	}
	left.Wait()
}

func acknowledged(id, name string, k int, r *primitive.SendResult, err error) {
	switch {
	case err != nil:
		say("refused", id, name, err)
	case r.Status != primitive.SendOK:
		say("refused", id, name, r.Status)
	default:
		say("sent", id, name, r.MessageQueue.BrokerName, r.MessageQueue.QueueId, r.QueueOffset+int64(k))
	}
}

func consume(id string, o options) error {
	c, err := rocketmq.NewPushConsumer(consumer.WithNsResolver(nameServers(o)), consumer.WithGroupName(o["group"]),
		consumer.WithInstance(instance(id)), consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
		consumer.WithConsumerOrder(o["orderly"] != ""), consumer.WithCredentials(credentials(o)), consumerTls)
	if err != nil {
		return err
	}
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: o["filter"]}
	err = c.Subscribe(o["topic"], selector, func(_ context.Context, list ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		well := true
		for _, m := range list {
			name, _, _ := strings.Cut(string(m.Body), ".")
			say("got", id, name, m.Queue.BrokerName, m.Queue.QueueId, m.QueueOffset, m.ReconsumeTimes, m.Topic, m.GetTags(),
				m.GetKeys(), m.GetProperty("n"), len(m.Body))
			well = well && int(m.ReconsumeTimes) >= o.number("fail", 0)
		}
		if well {
			return consumer.ConsumeSuccess, nil
		}
		return consumer.ConsumeRetryLater, nil
	})
	if err != nil {
		return err
	}
	open.Store(id, c)
	if err := c.Start(); err != nil {
		return err
	}
	say("ready", id)
	return nil
}
