#!/bin/sh
# The commands in bin/ are shell scripts in RocketMQ, and other scripts start them as "sh mqbroker ...". So are these: each does what its name says.
self=$(readlink -f -- "$0")
here=${self%/*}
export ROCKETMQ_HOME="${ROCKETMQ_HOME:-${here%/*}}"
exec "$here/merlinmq" "${0##*/}" "$@"
