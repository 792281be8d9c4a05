// Requests about users and policies: 3001 to 3010. Source: spec protocol 9.3, semantics 28.5.
#pragma once

#include "auth/accounts.h"
#include "auth/config.h"
#include "remoting/router.h"

namespace mq::auth {

/// Handlers run on the loop of the connection; changes and their file on `writer`, one after the other.
class Room {
 public:
  Room(const AuthConfig& config, Accounts& accounts, env::Loop& writer) : config_(config), accounts_(accounts), writer_(writer) {}

  remoting::Answer create_user(const wire::UserHeader& h, remoting::Request& request);
  remoting::Answer update_user(const wire::UserHeader& h, remoting::Request& request);
  remoting::Answer delete_user(const wire::UserHeader& h, remoting::Request& request);
  remoting::Answer get_user(const wire::UserHeader& h, remoting::Request& request);
  remoting::Answer list_users(const wire::ListUsersHeader& h, remoting::Request& request);
  remoting::Answer put_acl(const wire::SubjectHeader& h, remoting::Request& request);
  remoting::Answer delete_acl(const wire::DeleteAclHeader& h, remoting::Request& request);
  remoting::Answer get_acl(const wire::SubjectHeader& h, remoting::Request& request);
  remoting::Answer list_acls(const wire::ListAclsHeader& h, remoting::Request& request);

  template <wire::RequestCode C, auto Fn>
  using Route = remoting::Route<C, Fn>;
  using routes = remoting::Routes<Route<wire::RequestCode::AUTH_CREATE_USER, &Room::create_user>, Route<wire::RequestCode::AUTH_UPDATE_USER, &Room::update_user>,
                                  Route<wire::RequestCode::AUTH_DELETE_USER, &Room::delete_user>, Route<wire::RequestCode::AUTH_GET_USER, &Room::get_user>,
                                  Route<wire::RequestCode::AUTH_LIST_USER, &Room::list_users>, Route<wire::RequestCode::AUTH_CREATE_ACL, &Room::put_acl>,
                                  Route<wire::RequestCode::AUTH_UPDATE_ACL, &Room::put_acl>, Route<wire::RequestCode::AUTH_DELETE_ACL, &Room::delete_acl>,
                                  Route<wire::RequestCode::AUTH_GET_ACL, &Room::get_acl>, Route<wire::RequestCode::AUTH_LIST_ACL, &Room::list_acls>>;

 private:
  /// Runs `change` on the writer, answers with its result and logs `what` with who asked.
  remoting::Answer change(remoting::Request& request, std::string what, UniqueFunction<Result<>()> change);
  /// Whether the user of the request, if it names one, is no Super user. Errors: it is unknown.
  Result<bool> is_mere_user(const remoting::Request& request) const;

  const AuthConfig& config_;
  Accounts& accounts_;
  env::Loop& writer_;
};

}  // namespace mq::auth
