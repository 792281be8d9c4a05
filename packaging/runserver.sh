#!/bin/sh
# For scripts that call RocketMQ's runserver.sh, runbroker.sh or tools.sh with a main class: starts what is meant.
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
echo "usage: $0 CLASS [options], where the class is NamesrvStartup, BrokerStartup or MQAdminStartup of RocketMQ; it starts our program instead" >&2
exit 1
