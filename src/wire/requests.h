// The table of requests: one row each. Derived from it: the enum, names, typed calls, dispatch, the reference page.
// To add a request: a row here, its header struct under wire/headers/, a method and a Route in its room.
//
//   code, name, request header, response header, lane, ports
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/header_codec.h"
#include "wire/headers/admin.h"
#include "wire/headers/auth.h"
#include "wire/headers/client.h"
#include "wire/headers/controller.h"
#include "wire/headers/namesrv.h"
#include "wire/headers/offset.h"
#include "wire/headers/pull.h"
#include "wire/headers/query.h"
#include "wire/headers/relay.h"
#include "wire/headers/retry.h"
#include "wire/headers/send.h"
#include "wire/headers/topic.h"
#include "wire/headers/transaction.h"

namespace mq::wire {

/// Which of Java's executors the request would wait in; names its counters and its place in overload decisions.
enum class Lane : uint8_t { kSend, kPull, kQuery, kControl, kAdmin };
/// kMain: not served on listenPort-2.
enum class Ports : uint8_t { kBoth, kMain };

// Codes served by a NameServer.
#define MQ_NAMESRV_REQUESTS(X)                                                                                      \
  X(100, PUT_KV_CONFIG, PutKvConfigHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                    \
  X(101, GET_KV_CONFIG, GetKvConfigHeader, GetKvConfigResponseHeader, Lane::kAdmin, Ports::kBoth)                   \
  X(102, DELETE_KV_CONFIG, DeleteKvConfigHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                              \
  X(103, REGISTER_BROKER, RegisterBrokerHeader, RegisterBrokerResponseHeader, Lane::kControl, Ports::kBoth)         \
  X(104, UNREGISTER_BROKER, UnregisterBrokerHeader, NoHeader, Lane::kControl, Ports::kBoth)                         \
  X(105, GET_ROUTEINFO_BY_TOPIC, GetRouteInfoHeader, NoHeader, Lane::kQuery, Ports::kBoth)                          \
  X(106, GET_BROKER_CLUSTER_INFO, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                   \
  X(205, WIPE_WRITE_PERM_OF_BROKER, BrokerNameHeader, WipeWritePermResponseHeader, Lane::kAdmin, Ports::kBoth)      \
  X(206, GET_ALL_TOPIC_LIST_FROM_NAMESERVER, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                        \
  X(216, DELETE_TOPIC_IN_NAMESRV, DeleteTopicInNamesrvHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                 \
  X(217, REGISTER_TOPIC_IN_NAMESRV, TopicHeader, NoHeader, Lane::kControl, Ports::kBoth)                            \
  X(219, GET_KVLIST_BY_NAMESPACE, GetKvListHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                            \
  X(224, GET_TOPICS_BY_CLUSTER, GetTopicsByClusterHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                     \
  X(304, GET_SYSTEM_TOPIC_LIST_FROM_NS, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                             \
  X(311, GET_UNIT_TOPIC_LIST, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                       \
  X(312, GET_HAS_UNIT_SUB_TOPIC_LIST, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                               \
  X(313, GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                        \
  X(318, UPDATE_NAMESRV_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                     \
  X(319, GET_NAMESRV_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                        \
  X(322, QUERY_DATA_VERSION, QueryDataVersionHeader, QueryDataVersionResponseHeader, Lane::kControl, Ports::kBoth)  \
  X(327, ADD_WRITE_PERM_OF_BROKER, BrokerNameHeader, AddWritePermResponseHeader, Lane::kAdmin, Ports::kBoth)        \
  X(901, GET_BROKER_MEMBER_GROUP, BrokerMemberGroupHeader, NoHeader, Lane::kQuery, Ports::kBoth)                    \
  X(904, BROKER_HEARTBEAT, BrokerHeartbeatHeader, NoHeader, Lane::kControl, Ports::kBoth)

// Codes served by a Broker.
#define MQ_BROKER_REQUESTS(X)                                                                                       \
  X(10, SEND_MESSAGE, SendMessageHeader, SendMessageResponseHeader, Lane::kSend, Ports::kBoth)                      \
  X(11, PULL_MESSAGE, PullMessageHeader, PullMessageResponseHeader, Lane::kPull, Ports::kMain)                      \
  X(12, QUERY_MESSAGE, QueryMessageHeader, QueryMessageResponseHeader, Lane::kQuery, Ports::kBoth)                  \
  X(14, QUERY_CONSUMER_OFFSET, QueryConsumerOffsetHeader, OffsetResponseHeader, Lane::kControl, Ports::kBoth)       \
  X(15, UPDATE_CONSUMER_OFFSET, UpdateConsumerOffsetHeader, EmptyResponseHeader, Lane::kControl, Ports::kBoth)      \
  X(17, UPDATE_AND_CREATE_TOPIC, CreateTopicHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                           \
  X(18, UPDATE_AND_CREATE_TOPIC_LIST, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                               \
  X(21, GET_ALL_TOPIC_CONFIG, GetAllTopicConfigHeader, GetAllTopicConfigResponseHeader, Lane::kAdmin, Ports::kBoth) \
  X(25, UPDATE_BROKER_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                       \
  X(26, GET_BROKER_CONFIG, NoHeader, GetBrokerConfigResponseHeader, Lane::kAdmin, Ports::kBoth)                     \
  X(28, GET_BROKER_RUNTIME_INFO, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                    \
  X(29, SEARCH_OFFSET_BY_TIMESTAMP, SearchOffsetHeader, OffsetResponseHeader, Lane::kAdmin, Ports::kBoth)           \
  X(30, GET_MAX_OFFSET, QueueHeader, OffsetResponseHeader, Lane::kAdmin, Ports::kBoth)                              \
  X(31, GET_MIN_OFFSET, QueueHeader, OffsetResponseHeader, Lane::kAdmin, Ports::kBoth)                              \
  X(32, GET_EARLIEST_MSG_STORETIME, QueueHeader, TimestampResponseHeader, Lane::kAdmin, Ports::kBoth)               \
  X(33, VIEW_MESSAGE_BY_ID, ViewMessageHeader, NoHeader, Lane::kQuery, Ports::kBoth)                                \
  X(34, HEART_BEAT, NoHeader, HeartbeatResponseHeader, Lane::kControl, Ports::kBoth)                                \
  X(35, UNREGISTER_CLIENT, UnregisterClientHeader, EmptyResponseHeader, Lane::kControl, Ports::kBoth)               \
  X(36, CONSUMER_SEND_MSG_BACK, ConsumerSendMsgBackHeader, NoHeader, Lane::kSend, Ports::kBoth)                     \
  X(37, END_TRANSACTION, EndTransactionHeader, NoHeader, Lane::kSend, Ports::kBoth)                                 \
  X(38, GET_CONSUMER_LIST_BY_GROUP, ConsumerGroupHeader, EmptyResponseHeader, Lane::kControl, Ports::kBoth)         \
  X(41, LOCK_BATCH_MQ, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                              \
  X(42, UNLOCK_BATCH_MQ, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                            \
  X(43, GET_ALL_CONSUMER_OFFSET, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                    \
  X(45, GET_ALL_DELAY_OFFSET, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                       \
  X(46, CHECK_CLIENT_CONFIG, NoHeader, NoHeader, Lane::kControl, Ports::kBoth)                                      \
  X(200, UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                       \
  X(201, GET_ALL_SUBSCRIPTIONGROUP_CONFIG, NoHeader, GetAllGroupResponseHeader, Lane::kAdmin, Ports::kBoth)         \
  X(202, GET_TOPIC_STATS_INFO, TopicHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                   \
  X(203, GET_CONSUMER_CONNECTION_LIST, ConsumerGroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                   \
  X(204, GET_PRODUCER_CONNECTION_LIST, ProducerGroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                   \
  X(207, DELETE_SUBSCRIPTIONGROUP, DeleteGroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                         \
  X(208, GET_CONSUME_STATS, ConsumeStatsHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                               \
  X(215, DELETE_TOPIC_IN_BROKER, TopicHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                 \
  X(222, INVOKE_BROKER_TO_RESET_OFFSET, ResetOffsetHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                    \
  X(223, INVOKE_BROKER_TO_GET_CONSUMER_STATUS, ConsumerStatusHeader, NoHeader, Lane::kAdmin, Ports::kBoth)          \
  X(225, UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                  \
  X(300, QUERY_TOPIC_CONSUME_BY_WHO, TopicHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                             \
  X(305, GET_SYSTEM_TOPIC_LIST_FROM_BROKER, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                         \
  X(303, QUERY_CONSUME_TIME_SPAN, TopicGroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                           \
  X(306, CLEAN_EXPIRED_CONSUMEQUEUE, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                \
  X(307, GET_CONSUMER_RUNNING_INFO, ConsumerRunningInfoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                \
  X(308, QUERY_CORRECTION_OFFSET, CorrectionOffsetHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                     \
  X(309, CONSUME_MESSAGE_DIRECTLY, ConsumeMessageDirectlyHeader, NoHeader, Lane::kAdmin, Ports::kBoth)              \
  X(310, SEND_MESSAGE_V2, SendMessageHeaderV2, SendMessageResponseHeader, Lane::kSend, Ports::kBoth)                \
  X(314, CLONE_GROUP_OFFSET, CloneGroupOffsetHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                          \
  X(315, VIEW_BROKER_STATS_DATA, BrokerStatsHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                           \
  X(316, CLEAN_UNUSED_TOPIC, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                        \
  X(317, GET_BROKER_CONSUME_STATS, BrokerConsumeStatsHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                  \
  X(320, SEND_BATCH_MESSAGE, SendMessageHeaderV2, SendMessageResponseHeader, Lane::kSend, Ports::kBoth)             \
  X(321, QUERY_CONSUME_QUEUE, QueryConsumeQueueHeader, NoHeader, Lane::kQuery, Ports::kBoth)                        \
  X(323, RESUME_CHECK_HALF_MESSAGE, ResumeCheckHalfMessageHeader, NoHeader, Lane::kAdmin, Ports::kBoth)             \
  X(324, SEND_REPLY_MESSAGE, SendMessageHeader, SendMessageResponseHeader, Lane::kSend, Ports::kBoth)               \
  X(325, SEND_REPLY_MESSAGE_V2, SendMessageHeaderV2, SendMessageResponseHeader, Lane::kSend, Ports::kBoth)          \
  X(328, GET_ALL_PRODUCER_INFO, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                     \
  X(329, DELETE_EXPIRED_COMMITLOG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                  \
  X(343, QUERY_TOPICS_BY_CONSUMER, GroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                               \
  X(345, QUERY_SUBSCRIPTION_BY_CONSUMER, TopicGroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                    \
  X(351, GET_TOPIC_CONFIG, GetTopicConfigHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                              \
  X(352, GET_SUBSCRIPTIONGROUP_CONFIG, GroupHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                           \
  X(354, CHECK_ROCKSDB_CQ_WRITE_PROGRESS, CheckRocksdbHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                 \
  X(355, EXPORT_ROCKSDB_CONFIG_TO_JSON, ExportRocksdbHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                  \
  X(361, LITE_PULL_MESSAGE, PullMessageHeader, PullMessageResponseHeader, Lane::kPull, Ports::kMain)                \
  X(400, QUERY_ASSIGNMENT, NoHeader, NoHeader, Lane::kControl, Ports::kBoth)                                        \
  X(401, SET_MESSAGE_REQUEST_MODE, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                  \
  X(907, GET_BROKER_HA_STATUS, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                      \
  X(908, RESET_MASTER_FLUSH_OFFSET, MasterFlushOffsetHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                  \
  X(1007, GET_BROKER_EPOCH_CACHE, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                   \
  X(2001, UPDATE_COLD_DATA_FLOW_CTR_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                         \
  X(2002, REMOVE_COLD_DATA_FLOW_CTR_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                         \
  X(2003, GET_COLD_DATA_FLOW_CTR_INFO, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                              \
  X(2004, SET_COMMITLOG_READ_MODE, ReadAheadHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                           \
  X(200056, POP_ROLLBACK, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)

// Codes served by both: access control.
#define MQ_AUTH_REQUESTS(X)                                                                                         \
  X(3001, AUTH_CREATE_USER, UserHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                       \
  X(3002, AUTH_UPDATE_USER, UserHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                       \
  X(3003, AUTH_DELETE_USER, UserHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                       \
  X(3004, AUTH_GET_USER, UserHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                          \
  X(3005, AUTH_LIST_USER, ListUsersHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                    \
  X(3006, AUTH_CREATE_ACL, SubjectHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                     \
  X(3007, AUTH_UPDATE_ACL, SubjectHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                     \
  X(3008, AUTH_DELETE_ACL, DeleteAclHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                   \
  X(3009, AUTH_GET_ACL, SubjectHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                        \
  X(3010, AUTH_LIST_ACL, ListAclsHeader, NoHeader, Lane::kAdmin, Ports::kBoth)

// Codes about plain_acl.yml, of brokers of 4.4 to 5.3.2.
#define MQ_PLAIN_ACL_REQUESTS(X)                                                                                    \
  X(50, UPDATE_AND_CREATE_ACL_CONFIG, PlainAccountHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                     \
  X(51, DELETE_ACL_CONFIG, AccessKeyHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                   \
  X(52, GET_BROKER_CLUSTER_ACL_INFO, NoHeader, AclVersionResponseHeader, Lane::kAdmin, Ports::kBoth)                \
  X(53, UPDATE_GLOBAL_WHITE_ADDRS_CONFIG, GlobalWhiteAddrsHeader, NoHeader, Lane::kAdmin, Ports::kBoth)             \
  X(54, GET_BROKER_CLUSTER_ACL_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)

// Codes a Broker sends to its clients.
#define MQ_CLIENT_REQUESTS(X)                                                                                       \
  X(39, CHECK_TRANSACTION_STATE, CheckTransactionStateHeader, NoHeader, Lane::kControl, Ports::kBoth)               \
  X(40, NOTIFY_CONSUMER_IDS_CHANGED, ConsumerGroupHeader, NoHeader, Lane::kControl, Ports::kBoth)                   \
  X(220, RESET_CONSUMER_CLIENT_OFFSET, ResetOffsetHeader, NoHeader, Lane::kControl, Ports::kBoth)                   \
  X(221, GET_CONSUMER_STATUS_FROM_CLIENT, ConsumerStatusHeader, NoHeader, Lane::kControl, Ports::kBoth)             \
  X(326, PUSH_REPLY_MESSAGE_TO_CLIENT, ReplyMessageHeader, NoHeader, Lane::kControl, Ports::kBoth)

// Codes that mqadmin sends to Java's servers and that none of ours serves yet: static topics, broker containers, controllers.
#define MQ_FOREIGN_REQUESTS(X)                                                                                      \
  X(513, UPDATE_AND_CREATE_STATIC_TOPIC, CreateTopicHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                   \
  X(902, ADD_BROKER, AddBrokerHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                         \
  X(903, REMOVE_BROKER, RemoveBrokerHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                   \
  X(1002, CONTROLLER_ELECT_MASTER, ElectMasterHeader, ElectMasterResponseHeader, Lane::kAdmin, Ports::kBoth)        \
  X(1005, CONTROLLER_GET_METADATA_INFO, NoHeader, ControllerMetadataResponseHeader, Lane::kAdmin, Ports::kBoth)     \
  X(1006, CONTROLLER_GET_SYNC_STATE_DATA, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                           \
  X(1009, UPDATE_CONTROLLER_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                 \
  X(1010, GET_CONTROLLER_CONFIG, NoHeader, NoHeader, Lane::kAdmin, Ports::kBoth)                                    \
  X(1011, CLEAN_BROKER_DATA, CleanBrokerDataHeader, NoHeader, Lane::kAdmin, Ports::kBoth)

#define MQ_ALL_REQUESTS(X) \
  MQ_NAMESRV_REQUESTS(X) MQ_BROKER_REQUESTS(X) MQ_AUTH_REQUESTS(X) MQ_PLAIN_ACL_REQUESTS(X) MQ_CLIENT_REQUESTS(X) MQ_FOREIGN_REQUESTS(X)

enum class RequestCode : int32_t {
#define X(code, name, ...) name = code,
  MQ_ALL_REQUESTS(X)
#undef X
};

/// What the table says of a code, at compile time.
template <RequestCode C>
struct RequestInfo;
#define X(code_, name_, request_, response_, lane_, ports_)          \
  template <>                                                        \
  struct RequestInfo<RequestCode::name_> {                           \
    using Request = request_;                                        \
    using Response = response_;                                      \
    static constexpr int32_t code = code_;                           \
    static constexpr std::string_view name = #name_;                 \
    static constexpr Lane lane = lane_;                              \
    static constexpr Ports ports = ports_;                           \
  };
MQ_ALL_REQUESTS(X)
#undef X

std::string_view to_string(RequestCode code) noexcept;   // empty when unknown

}  // namespace mq::wire
