#!/bin/sh
# For scripts that call RocketMQ's runserver.sh or runbroker.sh with a main class: starts the server that is meant.
here=$(dirname "$0")
while [ $# -gt 0 ]; do
  case "$1" in
    *NamesrvStartup) shift; exec "$here/mqnamesrv" "$@" ;;
    *BrokerStartup) shift; exec "$here/mqbroker" "$@" ;;
    *MQAdminStartup) shift; exec "$here/mqadmin" "$@" ;;
    -*) shift ;;   # an option of the JVM
    *) break ;;
  esac
done
echo "usage: $0 org.apache.rocketmq.namesrv.NamesrvStartup|org.apache.rocketmq.broker.BrokerStartup [options]" >&2
exit 1
