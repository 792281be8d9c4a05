//go:build !tls

package main

import (
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// The released client cannot speak TLS: options that change nothing.
var (
	producerTls = producer.WithRetry(2)
	consumerTls = consumer.WithAutoCommit(true)
)
