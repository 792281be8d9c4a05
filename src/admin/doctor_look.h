// Asks NameServers and brokers for what diagnose() judges.
#pragma once

#include "admin/doctor.h"
#include "admin/session.h"

namespace mq::admin {

struct DoctorScope {
  std::set<std::string> expected;   // broker names
  int64_t most_topics = 1000;       // whose routes are looked at
};

/// Who cannot be asked is a fact as others are. Thread: main.
ClusterFacts look_at_cluster(Session& s, const DoctorScope& scope);

}  // namespace mq::admin
