//go:build !old

package main

import "github.com/apache/rocketmq-client-go/v2/primitive"

func (s fixed) Select(m *primitive.Message, queues []*primitive.MessageQueue, last string) *primitive.MessageQueue {
	if q := numbered(m, queues); q != nil {
		return q
	}
	return s.rest.Select(m, queues, last)
}
