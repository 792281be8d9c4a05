'use strict';
// The agent on npm ali-ons. Commands and answers: see agent.py.
const readline = require('readline');
const { Producer, Consumer, Message } = require('ali-ons');

const nothing = () => {};
/** Of what the client only notes: what its heartbeats failed of. */
const failures = (text, ...more) => more.flat().filter(x => x && x.isError).forEach(x => console.error(`CODE: ${x.error.code} DESC: ${x.error.message}`));
const logger = { info: failures, debug: nothing, warn: nothing, error: text => console.error(String(text)) };
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const open = new Map();

const say = (...words) => process.stdout.write(words.map(w => String(w).replace(/[\t\r\n]+/g, ' ')).join('\t') + '\n');

const common = (id, o) => ({
  nameSrv: o.namesrv.split(';'), logger, accessKey: o.access, secretKey: o.secret, instanceName: `${id}x${process.hrtime.bigint()}`,
  httpclient: { request: async () => ({ status: 500 }) },   // an address server is never asked
});

function message(o, i) {
  const tags = o.tags.split(',');
  const pad = i % 10 === 3 ? Number(o.pad || 0) : 0;   // some are long enough for the client to compress them
  const m = new Message(o.topic, tags[i % tags.length], `${o.prefix}-${i}.`.padEnd(pad, '.'));
  m.keys = [`key${i}`];
  m.properties.n = `№${i}`;
  if (o.delay) m.delayTimeLevel = Number(o.delay);
  return m;
}

async function sendOne(p, id, o, i) {
  const name = `${o.prefix}-${i}`;
  try {
    const r = await p.send(message(o, i));
    if (r.sendStatus === 'SEND_OK') {
      say('sent', id, name, r.messageQueue.brokerName, r.messageQueue.queueId, r.queueOffset);
    } else {
      say('refused', id, name, r.sendStatus);
    }
  } catch (e) {
    say('refused', id, name, e.message);
  }
}

async function produce(id, o) {
  const p = new Producer(Object.assign(common(id, o), { producerGroup: `interop-${id}`, sendMsgTimeout: Number(o.timeout || 10000) }));
  p.on('error', e => console.error(e.message));
  await p.ready();
  open.set(id, p);
  const waiting = [];
  for (let i = 0; i < Number(o.n || 1) && open.has(id); i++) {
    const sending = sendOne(p, id, o, i);
    if (o.mode === 'async') waiting.push(sending);
    else await sending;
    if (o.pause) await sleep(Number(o.pause));
  }
  await Promise.all(waiting);
  open.delete(id);
  say('done', id);
  await p.close();
}

async function consume(id, o) {
  const c = new Consumer(Object.assign(common(id, o), { consumerGroup: o.group, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    parallelConsumeLimit: o.orderly ? 1 : 8 }));
  c.on('error', e => console.error(e.message));
  c.subscribe(o.topic, o.filter, async (m, q) => {
    const body = m.body.toString();
    say('got', id, body.slice(0, body.indexOf('.')), q ? q.brokerName : '', m.queueId, m.queueOffset, m.reconsumeTimes, m.topic,
      m.tags, m.keys, m.properties.n, m.body.length);
    // A throw, for this client forgets its answer ACTION_RETRY of a message that is itself a retry.
    if (m.reconsumeTimes < Number(o.fail || 0)) throw new Error('again');
  });
  open.set(id, c);
  await c.ready();
  say('ready', id);
}

async function close(id) {
  const x = open.get(id);
  open.delete(id);
  if (x instanceof Consumer) await x.close();
  say('closed', id);
}

const commands = { produce, consume, close, stop: async id => { open.delete(id); } };

/** "word key=value key=value"; blanks in a value travel as '+'. */
readline.createInterface({ input: process.stdin }).on('line', line => {
  const [word, ...pairs] = line.trim().split(' ');
  const o = Object.fromEntries(pairs.map(x => [x.slice(0, x.indexOf('=')), x.slice(x.indexOf('=') + 1).replace(/\+/g, ' ')]));
  commands[word](o.id, o).catch(e => say('error', o.id, e.message));
}).on('close', () => process.exit(0));
