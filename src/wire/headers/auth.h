// Headers of access control: users and policies (ACL 2.0), accounts of plain_acl.yml (ACL 1.0). Source: spec protocol 9.3, 9.4.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct UserHeader {
  std::optional<std::string> username;

  static constexpr auto fields() { return std::tuple{optional("username", &UserHeader::username)}; }
};

struct ListUsersHeader {
  std::optional<std::string> filter;   // a part of the name

  static constexpr auto fields() { return std::tuple{optional("filter", &ListUsersHeader::filter)}; }
};

/// "User:alice".
struct SubjectHeader {
  std::optional<std::string> subject;

  static constexpr auto fields() { return std::tuple{optional("subject", &SubjectHeader::subject)}; }
};

/// Without a resource the subject's whole acl goes.
struct DeleteAclHeader {
  std::optional<std::string> subject;
  std::optional<std::string> policyType;
  std::optional<std::string> resource;

  static constexpr auto fields() {
    using H = DeleteAclHeader;
    return std::tuple{optional("subject", &H::subject), optional("policyType", &H::policyType), optional("resource", &H::resource)};
  }
};

/// Parts of the subject and of the resource.
struct ListAclsHeader {
  std::optional<std::string> subjectFilter;
  std::optional<std::string> resourceFilter;

  static constexpr auto fields() {
    using H = ListAclsHeader;
    return std::tuple{optional("subjectFilter", &H::subjectFilter), optional("resourceFilter", &H::resourceFilter)};
  }
};

/// An account of plain_acl.yml; the last two are "topicA=PUB,topicB=DENY".
struct PlainAccountHeader {
  std::string accessKey;
  std::optional<std::string> secretKey;
  std::optional<std::string> whiteRemoteAddress;
  bool admin = false;
  std::optional<std::string> defaultTopicPerm;
  std::optional<std::string> defaultGroupPerm;
  std::optional<std::string> topicPerms;
  std::optional<std::string> groupPerms;

  static constexpr auto fields() {
    using H = PlainAccountHeader;
    return std::tuple{required("accessKey", &H::accessKey), optional("secretKey", &H::secretKey), optional("whiteRemoteAddress", &H::whiteRemoteAddress),
                      optional("admin", &H::admin), optional("defaultTopicPerm", &H::defaultTopicPerm), optional("defaultGroupPerm", &H::defaultGroupPerm),
                      optional("topicPerms", &H::topicPerms), optional("groupPerms", &H::groupPerms)};
  }
};

struct AccessKeyHeader {
  std::string accessKey;

  static constexpr auto fields() { return std::tuple{required("accessKey", &AccessKeyHeader::accessKey)}; }
};

/// Patterns with commas between. The file is <ROCKETMQ_HOME>/conf/plain_acl.yml when none is named.
struct GlobalWhiteAddrsHeader {
  std::string globalWhiteAddrs;
  std::optional<std::string> aclFileFullPath;

  static constexpr auto fields() {
    using H = GlobalWhiteAddrsHeader;
    return std::tuple{required("globalWhiteAddrs", &H::globalWhiteAddrs), optional("aclFileFullPath", &H::aclFileFullPath)};
  }
};

/// Both versions are DataVersions as JSON, the second a map of them by file.
struct AclVersionResponseHeader {
  std::optional<std::string> version;
  std::optional<std::string> allAclFileVersion;
  std::optional<std::string> brokerName;
  std::optional<std::string> brokerAddr;
  std::optional<std::string> clusterName;

  static constexpr auto fields() {
    using H = AclVersionResponseHeader;
    return std::tuple{optional("version", &H::version), optional("allAclFileVersion", &H::allAclFileVersion), optional("brokerName", &H::brokerName),
                      optional("brokerAddr", &H::brokerAddr), optional("clusterName", &H::clusterName)};
  }
};

}  // namespace mq::wire
