// Transactions: half messages, END_TRANSACTION (37), the check-back of undecided ones, and RESUME_CHECK_HALF_MESSAGE (323) for those
// given up. Source: spec semantics 8.
#pragma once

#include <memory>
#include <vector>

#include "broker/core/put_pipeline.h"
#include "broker/meta/registries.h"
#include "broker/txn/half_messages.h"
#include "remoting/router.h"

namespace mq::broker {

/// Requests run on the io loop of the connection; the checks live on ctl.
class TransactionRoom {
 public:
  TransactionRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline);
  ~TransactionRoom();
  /// Starts the check-back rounds. Not from a loop.
  void start();
  void stop();

  remoting::Answer end(const wire::EndTransactionHeader& h, remoting::Request& request);
  remoting::Answer resume(const wire::ResumeCheckHalfMessageHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::END_TRANSACTION, &TransactionRoom::end>,
                                  remoting::Route<wire::RequestCode::RESUME_CHECK_HALF_MESSAGE, &TransactionRoom::resume>>;

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;   // by loop_index, ctl last
  class Checker;
  std::unique_ptr<Checker> checker_;           // badge: owned by ctl
  BrokerContext& broker_;
};

}  // namespace mq::broker
