// The registries that rooms share, as one handle.
#pragma once

#include "broker/meta/clients.h"
#include "broker/meta/consumer_filters.h"
#include "broker/meta/groups.h"
#include "broker/meta/offsets.h"
#include "broker/meta/queue_locks.h"
#include "broker/meta/topics.h"

namespace mq::broker {

struct Registries {
  TopicTable& topics;
  GroupTable& groups;
  OffsetTable& offsets;
  ClientTable& clients;
  ConsumerFilters& filters;
  QueueLocks& locks;
};

}  // namespace mq::broker
