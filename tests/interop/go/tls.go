//go:build tls

// Built with -modfile=tls.mod, which names a later commit of the client: it can speak TLS, but takes any certificate and shows none.
package main

import (
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

var (
	producerTls = producer.WithTls(true)
	consumerTls = consumer.WithTls(true)
)
