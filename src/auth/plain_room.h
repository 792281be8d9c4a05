// Requests about plain_acl.yml: 50 to 54 (ACL 1.0). Source: spec protocol 9.4, semantics 27.5.
#pragma once

#include "auth/plain_files.h"
#include "remoting/router.h"

namespace mq::auth {

/// Handlers run on the loop of the connection; changes, and what the files say, on `writer`. `files` null: aclEnable is off.
class PlainRoom {
 public:
  struct Identity {
    std::string broker_name, broker_addr, cluster;
  };
  PlainRoom(PlainFiles* files, env::Loop& writer, Identity identity) : files_(files), writer_(writer), identity_(std::move(identity)) {}

  remoting::Answer put_account(const wire::PlainAccountHeader& h, remoting::Request& request);
  remoting::Answer delete_account(const wire::AccessKeyHeader& h, remoting::Request& request);
  remoting::Answer version(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer put_white_addresses(const wire::GlobalWhiteAddrsHeader& h, remoting::Request& request);
  remoting::Answer show(const wire::NoHeader&, remoting::Request& request);

  template <wire::RequestCode C, auto Fn>
  using Route = remoting::Route<C, Fn>;
  using routes = remoting::Routes<Route<wire::RequestCode::UPDATE_AND_CREATE_ACL_CONFIG, &PlainRoom::put_account>,
                                  Route<wire::RequestCode::DELETE_ACL_CONFIG, &PlainRoom::delete_account>,
                                  Route<wire::RequestCode::GET_BROKER_CLUSTER_ACL_INFO, &PlainRoom::version>,
                                  Route<wire::RequestCode::UPDATE_GLOBAL_WHITE_ADDRS_CONFIG, &PlainRoom::put_white_addresses>,
                                  Route<wire::RequestCode::GET_BROKER_CLUSTER_ACL_CONFIG, &PlainRoom::show>>;

 private:
  /// Runs `work` on the writer and answers with what it gives, on the connection's loop.
  remoting::Answer on_writer(remoting::Request& request, UniqueFunction<UniqueFunction<void(remoting::Responder&)>()> work);
  remoting::Answer change(remoting::Request& request, wire::ResponseCode failure, std::string what, std::string failed, UniqueFunction<Result<>()> change);

  PlainFiles* const files_;
  env::Loop& writer_;
  const Identity identity_;
};

}  // namespace mq::auth
