//go:build old

// Built with -modfile=old.mod: release 2.1.0, the last that cuts the ids of brokers out of a route by hand.
package main

import "github.com/apache/rocketmq-client-go/v2/primitive"

func (s fixed) Select(m *primitive.Message, queues []*primitive.MessageQueue) *primitive.MessageQueue {
	if q := numbered(m, queues); q != nil {
		return q
	}
	return s.rest.Select(m, queues)
}
